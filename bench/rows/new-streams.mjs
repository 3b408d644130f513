import { Stage } from '../stage.mjs'

const VISITS = { count: 600, concurrency: 20 }
/** V8 compiles, and compiles better, for some 5,000 of them. */
const WARM_UPS = 9
/** How many turns each candidate has where others have one: short ones, so that nobody waits for long. */
const TURNS = 2

/** @type {import('../stage.mjs').Cast} */
const quickCast = { http: null, 'http-again': 'http', 'ssekit-http': 'http', 'better-sse': 'http' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'sse-channel': 'http',
  hono: 'http',
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
    'Clients connect, ask, read the first bytes, leave, and wait until the server has closed its side; twenty at a time. The bare handlers send a ' +
    'head and a first line, keep the response in a `Set`, and delete it when it closes. They return at once; those that await the end show what a framework ' +
    'asks for a handler whose promise is pending meanwhile, as that of `res.sse()` is. Each turn ends with a collection of the young generation; ' +
    'a full one falls into few of them, which the medians leave out.',

  run: ({ isQuick, rounds }) =>
    Stage.with(isQuick ? quickCast : cast, rounds, {}, (stage) => {
      /** @type {import('../stage.mjs').Heading} */
      const heading = {
        title: 'One stream, from connect to disconnect',
        quantity: 'CPU per stream',
        unit: 'µs',
        plot: 'value',
      }
      return stage.compare([heading], costOf, { warmUps: WARM_UPS, turns: TURNS })
    }),
}

/** @param {import('../subject.mjs').Subject} subject */
async function costOf(subject) {
  const usage = await subject.usage(async () => {
    await subject.client.call('visit', VISITS)
    await subject.server.call('collectYoung')
  })
  return { figures: [(usage.cpuMs * 1000) / VISITS.count], clientShare: usage.clientShare }
}
