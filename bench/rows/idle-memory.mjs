import { labelOf } from '../comparison.mjs'
import { growth } from '../memory.mjs'
import { thousands } from '../report/text.mjs'
import { Subject } from '../subject.mjs'

/** Opened and closed before anything is measured, so that what is made once is there. */
const WARM_UP_STREAMS = 1_000

/** @type {import('../stage.mjs').Cast} */
const quickCast = { http: null, 'http-again': 'http', 'ssekit-http': 'http', 'better-sse': 'http' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'sse-channel': 'http',
  express: null,
  'ssekit-express': 'express',
  'better-sse-express': 'express',
  fastify: null,
  'ssekit-fastify': 'fastify',
  'fastify-sse': 'fastify',
  koa: null,
  'koa-stream': 'koa',
  'ssekit-koa': 'koa',
}

/** What is looked at, and what it is called. */
const QUANTITIES = /** @type {const} */ ({
  residentButYoung: {
    what: 'resident, but for the young generation',
    quantity: 'Resident memory per stream',
    plot: 'value',
  },
  resident: { what: 'resident', quantity: 'Resident memory per stream', plot: undefined },
  heap: { what: 'heap', quantity: 'JavaScript heap per stream', plot: undefined },
})

/** @typedef {keyof typeof QUANTITIES} Quantity */
/** @typedef {import('../memory.mjs').Memory} Memory */

/** @type {import('./row.mjs').Row} */
export const idleMemory = {
  id: 'idle-memory',
  title: 'Memory of idle streams',
  method:
    'What a fresh server holds more with so many open streams than before, after garbage collection, for each of them. Everything at its ' +
    'defaults, heartbeats too. V8’s young generation grows and shrinks by up to 16 MB, whatever the streams need: so there is a table without it.',

  async run({ isQuick, rounds, allows }) {
    const comparisons = []
    for (const count of (isQuick ? [10_000] : [10_000, 20_000]).filter(allows)) {
      comparisons.push(...(await compare(isQuick ? quickCast : cast, count, Math.ceil(rounds / 2))))
    }
    return comparisons
  },
}

/**
 * @param {import('../stage.mjs').Cast} cast
 * @param {number} count
 * @param {number} rounds
 * @returns {Promise<import('../comparison.mjs').Comparison[]>}
 */
async function compare(cast, count, rounds) {
  const ids = /** @type {import('../candidates.mjs').CandidateId[]} */ (Object.keys(cast))
  /** @type {Map<string, Memory[]>} */
  const growths = new Map(ids.map((id) => [id, []]))
  const waiting = Array.from({ length: rounds }, () => ids).flat()
  const measureAll = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
      growths.get(id)?.push(await growthOf(id, count))
  }
  // Memory does not mind that two run at the same time.
  await Promise.all([measureAll(), measureAll()])
  return Object.entries(QUANTITIES).map(([name, { what, quantity, plot }]) => ({
    title: `${thousands(count)} idle streams, ${what}`,
    quantity,
    unit: 'KiB',
    plot,
    entries: ids.map((id) => ({
      id,
      label: labelOf(id),
      against: cast[id] ?? undefined,
      values: (growths.get(id) ?? []).map((memory) => memory[/** @type {Quantity} */ (name)] / count / 1024),
    })),
    leftOut: [],
  }))
}

/**
 * What a fresh server's memory grows by with so many streams, in bytes.
 *
 * @param {import('../candidates.mjs').CandidateId} id
 * @param {number} count
 * @returns {Promise<Memory>}
 */
function growthOf(id, count) {
  return Subject.with(id, {}, async ({ server, client }) => {
    await client.call('open', { count: WARM_UP_STREAMS })
    await client.call('close')
    /** @type {Memory} */
    const before = await server.call('memory')
    await client.call('open', { count })
    /** @type {Memory} */
    const after = await server.call('memory')
    return growth(before, after)
  })
}
