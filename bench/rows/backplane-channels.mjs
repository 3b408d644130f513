import { continued } from '../comparison.mjs'
import { Crew, cast } from '../crew.mjs'
import { growth } from '../memory.mjs'
import { thousands } from '../report/text.mjs'

/** Subscribed to and published to before the measurement, so that objects that are created only once exist already. */
const WARM_UP_CHANNELS = 500
const WARM_UP_EVENTS = 2_000

/**
 * The measured quantities, in the order of the figures. Memory has no ratios: raw clients keep so little that a ratio would say nothing.
 *
 * @type {readonly { what: string, quantity: string, unit: string, plot?: 'value', hasRatio: boolean }[]}
 */
const QUANTITIES = [
  { what: 'until all are live', quantity: 'Time', unit: 'ms', plot: 'value', hasRatio: true },
  {
    what: 'resident, without the young generation',
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
    'A new node subscribes to many channels, and each channel then gets an event of 100 bytes. Memory is how much more the node holds than before, after garbage ' +
    'collection. The bus of @boringnode/transmit has a single subscription for all channels, so every node gets the events of all channels.',

  async run({ isQuick, rounds }) {
    const count = isQuick ? 2_000 : 10_000
    const runs = []
    for (let round = 0; round < Math.ceil(rounds / 3); round++) runs.push(await compareFresh(count))
    return continued(runs).map((comparison, index) =>
      QUANTITIES[index]?.hasRatio ? comparison : withoutRatios(comparison),
    )
  },
}

/** Measures new nodes with this number of channels. @param {number} count */
function compareFresh(count) {
  const headings = QUANTITIES.map(({ what, quantity, unit, plot }) => ({
    title: `${thousands(count)} channels, ${what}`,
    quantity,
    unit,
    plot,
  }))
  return Crew.compete(cast, { rounds: 1, nodes: 1 }, async (contest) => {
    await contest.prepare(async (crew) => {
      await crew.meet('warm', WARM_UP_CHANNELS)
      await crew.listen(1)
      await crew.flood(WARM_UP_EVENTS)
      await crew.meet('channel', count)
    })
    return contest.compare(headings, (crew) => observe(crew, count), { warmUps: 0 })
  })
}

/**
 * @param {Crew} crew
 * @param {number} count how many channels
 */
async function observe(crew, count) {
  const before = await crew.node.call('memory')
  const liveMs = await crew.listen(1)
  const grown = growth(before, await crew.node.call('memory'))
  const { ms } = await crew.flood(count)
  // Later work for its channels must not disturb the measurements of the others.
  await crew.stop()
  return { figures: [liveMs, grown.residentButYoung / count / 1024, grown.heap / count / 1024, (ms * 1000) / count] }
}

/** @param {import('../comparison.mjs').Comparison} comparison */
function withoutRatios(comparison) {
  return { ...comparison, entries: comparison.entries.map((entry) => ({ ...entry, against: undefined })) }
}
