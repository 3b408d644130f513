import { Stage } from '../stage.mjs'

const VISITS = 1_800
const CONCURRENCY = 20

/** @type {import('../stage.mjs').Cast} */
const quickCast = { http: null, 'http-again': 'http', 'ssekit-http': 'http', 'better-sse': 'http' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'sse-channel': 'http',
  hono: 'http',
  express: null,
  'ssekit-express': 'express',
  'better-sse-express': 'express',
  'express-sse': 'express',
  fastify: null,
  'ssekit-fastify': 'fastify',
  'fastify-sse': 'fastify',
  'fastify-sse-v2': 'fastify',
  koa: null,
  'koa-stream': 'koa',
  'ssekit-koa': 'koa',
}

/** @type {import('./row.mjs').Row} */
export const newStreams = {
  id: 'new-streams',
  title: 'New streams',
  method:
    'Clients connect, ask, read the first bytes, leave, and wait until the server has closed its side; twenty at a time. The bare handlers send a ' +
    'head and a first line, keep the response in a `Set`, and delete it when it closes.',

  run: ({ isQuick, rounds }) =>
    Stage.with(isQuick ? quickCast : cast, rounds, {}, (stage) => {
      /** @type {import('../stage.mjs').Heading} */
      const heading = {
        title: 'One stream, from connect to disconnect',
        quantity: 'CPU per stream',
        unit: 'µs',
        plot: 'value',
      }
      return stage.compare([heading], async (subject) => {
        const visits = { count: VISITS, concurrency: CONCURRENCY }
        const usage = await subject.usage(() => subject.client.call('visit', visits))
        return { figures: [(usage.cpuMs * 1000) / VISITS], clientShare: usage.clientShare }
      })
    }),
}
