import { labelOf } from '../comparison.mjs'
import { Crew, cast } from '../crew.mjs'
import { growth } from '../memory.mjs'
import { thousands } from '../report/text.mjs'

/** @typedef {import('../candidates.mjs').CandidateId} CandidateId */

/** What has been subscribed and published before anything is measured, so that what is made once is there. */
const WARM_UP_CHANNELS = 500
const WARM_UP_EVENTS = 2_000

/**
 * What is measured, in the order of the figures. A multiple of the little that raw clients keep says nothing.
 *
 * @type {readonly (Omit<import('../contest.mjs').Heading, 'title'> & { what: string, hasRatio: boolean })[]}
 */
const QUANTITIES = [
  { what: 'until all are live', quantity: 'Time', unit: 'ms', plot: 'value', hasRatio: true },
  {
    what: 'resident, but for the young generation',
    quantity: 'Resident memory per channel',
    unit: 'KiB',
    hasRatio: false,
  },
  { what: 'heap', quantity: 'JavaScript heap per channel', unit: 'KiB', hasRatio: false },
  { what: 'one event to each', quantity: 'Time per event', unit: 'µs', hasRatio: true },
]

/** @type {import('./row.mjs').Row} */
export const backplaneChannels = {
  id: 'backplane-channels',
  title: 'Backplanes: many channels',
  method:
    'A fresh node subscribes to so many channels, each of which then gets an event of 100 bytes. Memory is what the node holds more than before, after garbage ' +
    'collection. The bus of @boringnode/transmit has one subscription whatever is listened to, so that every node gets the events of all channels.',

  async run({ isQuick, rounds }) {
    const count = isQuick ? 2_000 : 10_000
    const ids = /** @type {CandidateId[]} */ (Object.keys(cast))
    /** @type {Map<CandidateId, number[][]>} */
    const outcomes = new Map()
    /** @type {Set<string>} */
    const leftOut = new Set()
    for (let round = 0; round < Math.ceil(rounds / 3); round++) {
      for (const id of round % 2 === 0 ? ids : [...ids].reverse()) {
        const outcome = await observe(id, count)
        if ('leftOut' in outcome) leftOut.add(`${labelOf(id)}: ${outcome.leftOut}`)
        else outcomes.set(id, [...(outcomes.get(id) ?? []), outcome.figures])
      }
    }
    return QUANTITIES.map(({ what, hasRatio, ...quantity }, index) => ({
      ...quantity,
      title: `${thousands(count)} channels, ${what}`,
      entries: ids
        .filter((id) => outcomes.has(id))
        .map((id) => ({
          id,
          label: labelOf(id),
          against: hasRatio ? (cast[id] ?? undefined) : undefined,
          values: (outcomes.get(id) ?? []).map((figures) => figures[index] ?? Number.NaN),
        })),
      leftOut: [...leftOut],
    }))
  },
}

/**
 * @param {CandidateId} id
 * @param {number} count how many channels
 * @returns {Promise<{ figures: number[] } | { leftOut: string }>}
 */
async function observe(id, count) {
  const crew = await Crew.start(id, 1)
  if (!(crew instanceof Crew)) return crew
  try {
    await crew.meet('warm', WARM_UP_CHANNELS)
    await crew.listen(1)
    await crew.flood(WARM_UP_EVENTS)
    await crew.meet('channel', count)
    const before = await crew.node.call('memory')
    const liveMs = await crew.listen(1)
    const grown = growth(before, await crew.node.call('memory'))
    const { ms } = await crew.flood(count)
    return { figures: [liveMs, grown.residentButYoung / count / 1024, grown.heap / count / 1024, (ms * 1000) / count] }
  } finally {
    await crew.stop()
  }
}
