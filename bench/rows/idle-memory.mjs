import { labelOf } from '../comparison.mjs'
import { growth } from '../memory.mjs'
import { thousands } from '../report/text.mjs'
import { Subject } from '../subject.mjs'

/** @typedef {import('../candidates.mjs').CandidateId} CandidateId */
/** @typedef {import('../memory.mjs').Memory} Memory */
/** @typedef {keyof typeof QUANTITIES} Quantity */

/** Opened and closed before the measurement, so that objects that are created only once exist already. */
const WARM_UP_STREAMS = 1_000

/** @type {import('../stage.mjs').Cast} */
const quickCast = { http: null, 'http-again': 'http', 'ssekit-http': 'http', 'better-sse': 'http' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'sse-channel': 'http',
  express: null,
  'express-awaiting': 'express',
  'ssekit-express': 'express',
  'better-sse-express': 'express',
  fastify: null,
  'fastify-awaiting': 'fastify',
  'ssekit-fastify': 'fastify',
  'fastify-sse': 'fastify',
  koa: null,
  'koa-awaiting': 'koa',
  'koa-stream': 'koa',
  'ssekit-koa': 'koa',
}

/**
 * Candidates that are measured more than once, and also with twice as many streams: ssekit, and the candidates that it should not exceed.
 * The others differ from these by far more than two servers of one candidate do.
 *
 * @type {readonly CandidateId[]}
 */
const closeCast = [
  'http',
  'http-again',
  'ssekit-http',
  'express',
  'ssekit-express',
  'fastify',
  'ssekit-fastify',
  'koa',
  'ssekit-koa',
]

/** The measured quantities, and their names. */
const QUANTITIES = /** @type {const} */ ({
  residentButYoung: {
    what: 'resident, without the young generation',
    quantity: 'Resident memory per stream',
    plot: 'value',
  },
  resident: { what: 'resident', quantity: 'Resident memory per stream', plot: undefined },
  heap: { what: 'heap', quantity: 'JavaScript heap per stream', plot: undefined },
})

/** @type {import('./row.mjs').Row} */
export const idleMemory = {
  id: 'idle-memory',
  title: 'Memory of idle streams',
  method:
    'How much more memory a new server process holds with open streams than before, after garbage collection, divided by the number of streams. ' +
    'Everything is at its defaults, heartbeats too. V8’s young generation grows and shrinks by up to 16 MB, independently of the streams, so there ' +
    'is a table without it. For ssekit and the candidates close to it, a figure is the median of several servers; for the others it comes from one.',

  async run({ isQuick, rounds, most }) {
    const counts = [...new Set((isQuick ? [10_000] : [10_000, 20_000]).map(most))]
    const players = isQuick ? quickCast : cast
    const ids = /** @type {CandidateId[]} */ (Object.keys(players))
    /** By candidate; for each server, the growth for each number of streams. @type {Map<CandidateId, Memory[][]>} */
    const growths = new Map(ids.map((id) => [id, []]))
    const isClose = (/** @type {CandidateId} */ id) => closeCast.includes(id)
    // Two servers of one candidate differ little, so a third of the rounds is enough.
    const again = Array.from({ length: Math.ceil(rounds / 3) - 1 }, () => ids.filter(isClose))
    const waiting = [...ids, ...again.flat()]
    const measureAll = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
        growths.get(id)?.push(await growthsOf(id, isClose(id) ? counts : counts.slice(0, 1)))
    }
    // Running two servers at the same time does not change their memory.
    await Promise.all([measureAll(), measureAll()])
    return counts.flatMap((count, size) =>
      tablesOf(players, count, (id) => (growths.get(id) ?? []).flatMap((round) => round[size] ?? [])),
    )
  },
}

/**
 * @param {import('../stage.mjs').Cast} players
 * @param {number} count
 * @param {(id: CandidateId) => Memory[]} memoriesOf for this number of streams, one for each server; none for candidates that were not
 *   measured with it
 * @returns {import('../comparison.mjs').Comparison[]}
 */
function tablesOf(players, count, memoriesOf) {
  const ids = /** @type {CandidateId[]} */ (Object.keys(players))
  return Object.entries(QUANTITIES).map(([name, { what, quantity, plot }]) => ({
    title: `${thousands(count)} idle streams, ${what}`,
    quantity,
    unit: 'KiB',
    plot,
    entries: ids.flatMap((id) => {
      const memories = memoriesOf(id)
      if (memories.length === 0) return []
      const values = memories.map((memory) => memory[/** @type {Quantity} */ (name)] / count / 1024)
      return [{ id, label: labelOf(id), against: players[id] ?? undefined, values }]
    }),
    leftOut: [],
  }))
}

/**
 * How much the memory of a new server grows with each number of streams, in bytes.
 *
 * @param {CandidateId} id
 * @param {readonly number[]} counts in ascending order
 * @returns {Promise<Memory[]>}
 */
function growthsOf(id, counts) {
  return Subject.with(id, {}, async ({ server, client }) => {
    await client.call('open', { count: WARM_UP_STREAMS })
    await client.call('close')
    /** @type {Memory} */
    const before = await server.call('memory')
    const growths = []
    for (const count of counts) {
      await client.call('open', { count })
      growths.push(growth(before, await server.call('memory')))
    }
    return growths
  })
}
