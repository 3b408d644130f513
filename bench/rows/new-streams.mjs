import { joined } from '../comparison.mjs'
import { Stage } from '../stage.mjs'

const VISITS = { count: 300, concurrency: 20 }
/** V8 compiles and optimizes during the first 5,000 or so visits. */
const WARM_UPS = 18
/** How many turns a round has for each candidate; other rows have one. Short turns keep the waiting of each candidate short. */
const TURNS = 3

/** @type {import('../stage.mjs').Cast} */
const quickCast = { http: null, 'http-again': 'http', 'ssekit-http': 'http', 'better-sse': 'http' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'sse-channel': 'http',
  hono: 'http',
  'ssekit-hono': 'http',
  express: null,
  'express-awaiting': 'express',
  'ssekit-express': 'express',
  'better-sse-express': 'express',
  'express-sse': 'express',
  fastify: null,
  'fastify-awaiting': 'fastify',
  'ssekit-fastify': 'fastify',
  'fastify-sse': 'fastify',
  'fastify-sse-v2': 'fastify',
  koa: null,
  'koa-awaiting': 'koa',
  'koa-stream': 'koa',
  'ssekit-koa': 'koa',
}

/** @type {import('./row.mjs').Row} */
export const newStreams = {
  id: 'new-streams',
  title: 'New streams',
  method:
    'Clients connect, send a request, read the first bytes, disconnect, and wait until the server has closed its side; twenty at a time. The bare ' +
    'handlers send the response headers and a first line, keep the response in a `Set`, and delete it when it closes. They return at once. Those ' +
    'that await the end show what a handler with a pending promise costs in a framework, since the promise of `res.sse()` is pending too. Each turn ends ' +
    'with a collection of V8’s young generation. Full collections happen in few turns, and the medians leave those out. ssekit can cost less than a bare ' +
    'handler: Node destroys the request of a client that disconnects with an error, and ssekit spares it the stack trace of that error.',

  async run({ isQuick, rounds }) {
    /** @type {import('../stage.mjs').Heading} */
    const heading = {
      title: 'One stream, from connect to disconnect',
      quantity: 'CPU per stream',
      unit: 'µs',
      plot: 'value',
    }
    const comparisons = []
    // Only candidates with the same baseline run together: with fewer candidates, each has its next turn sooner.
    for (const group of groupsOf(isQuick ? quickCast : cast)) {
      const compared = await Stage.with(group, rounds, {}, (stage) =>
        stage.compare([heading], costOf, { warmUps: WARM_UPS, turns: TURNS }),
      )
      comparisons.push(...compared)
    }
    return [joined(comparisons)]
  },
}

/**
 * Each baseline with those that are compared with it.
 *
 * @param {import('../stage.mjs').Cast} cast
 * @returns {import('../stage.mjs').Cast[]}
 */
function groupsOf(cast) {
  const players = Object.entries(cast)
  const baselines = players.filter(([, against]) => against === null)
  return baselines.map(([baseline]) =>
    Object.fromEntries(players.filter(([id, against]) => id === baseline || against === baseline)),
  )
}

/** @param {import('../subject.mjs').Subject} subject */
async function costOf(subject) {
  const usage = await subject.usage(async () => {
    await subject.client.call('visit', VISITS)
    await subject.server.call('collectYoung')
  })
  return { figures: [(usage.cpuMs * 1000) / VISITS.count], clientShare: usage.clientShare }
}
