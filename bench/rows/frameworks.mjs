import { thousands } from '../report/text.mjs'
import { compareBroadcasts } from './publishing.mjs'

const SUBSCRIBERS = 1_000

/** @type {import('../stage.mjs').Cast} */
const quickCast = {
  net: null,
  'net-again': 'net',
  'ssekit-express': 'net',
  'ssekit-fastify': 'net',
  'ssekit-koa': 'net',
}

/** @type {import('../stage.mjs').Cast} */
const cast = {
  ...quickCast,
  'ssekit-express4': 'net',
  express: 'net',
  fastify: 'net',
  koa: 'net',
  'koa-stream': 'net',
  'better-sse-express': 'net',
}

/** @type {import('./row.mjs').Row} */
export const frameworks = {
  id: 'frameworks',
  title: 'Behind a framework',
  method: 'As above. The bare handlers collect responses in a `Set` and `res.write(buffer)` to each.',

  run: ({ isQuick, rounds }) =>
    compareBroadcasts(
      isQuick ? quickCast : cast,
      { subscribers: SUBSCRIBERS, workloads: [{ bytes: 100, count: 1 }], rounds },
      ({ bytes }) => `${bytes} bytes to ${thousands(SUBSCRIBERS)} subscribers`,
    ),
}
