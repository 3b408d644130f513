import { labelOf } from '../comparison.mjs'
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

/** @type {import('./row.mjs').Row} */
export const idleMemory = {
  id: 'idle-memory',
  title: 'Memory of idle streams',
  method:
    'What a fresh server holds more with so many open streams than before, after garbage collection, for each of them. Everything at its ' +
    'defaults, heartbeats too.',

  async run({ isQuick, allows }) {
    const comparisons = []
    for (const count of (isQuick ? [10_000] : [10_000, 20_000]).filter(allows)) {
      comparisons.push(...(await compare(isQuick ? quickCast : cast, count, isQuick ? 1 : 3)))
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
  const players = /** @type {[import('../candidates.mjs').CandidateId, string | null][]} */ (Object.entries(cast))
  const entriesOf = () =>
    players.map(([id, against]) => ({
      id,
      label: labelOf(id),
      against: against ?? undefined,
      values: /** @type {number[]} */ ([]),
    }))
  const resident = entriesOf()
  const heap = entriesOf()
  for (let round = 0; round < rounds; round++) {
    const left = [...players.entries()]
    const measureNext = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [index, [id]] = next
        const { rss, heapUsed } = await growth(id, count)
        resident[index]?.values.push(rss / count / 1024)
        heap[index]?.values.push(heapUsed / count / 1024)
      }
    }
    // Memory does not mind that two run at the same time.
    await Promise.all([measureNext(), measureNext()])
  }
  const streams = `${thousands(count)} idle streams`
  return [
    {
      title: `${streams}, resident`,
      quantity: 'Resident memory per stream',
      unit: 'KiB',
      plot: 'value',
      entries: resident,
      leftOut: [],
    },
    {
      title: `${streams}, heap`,
      quantity: 'JavaScript heap per stream',
      unit: 'KiB',
      entries: heap,
      leftOut: [],
    },
  ]
}

/**
 * What a fresh server's memory grows by with so many streams.
 *
 * @param {import('../candidates.mjs').CandidateId} id
 * @param {number} count
 */
function growth(id, count) {
  return Subject.with(id, {}, async ({ server, client }) => {
    await client.call('open', { count: WARM_UP_STREAMS })
    await client.call('close')
    const before = await server.call('memory')
    await client.call('open', { count })
    const after = await server.call('memory')
    return { rss: after.rss - before.rss, heapUsed: after.heapUsed - before.heapUsed }
  })
}
