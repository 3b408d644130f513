import { compareBroadcasts } from './publishing.mjs'

const TABLE = {
  title: '100 bytes to 1,000 subscribers',
  subscribers: 1_000,
  workload: { bytes: 100, count: 1 },
}

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
  method: 'As above. The bare handlers collect responses in a `Set` and call `res.write(buffer)` on each.',

  run: ({ isQuick, rounds }) => compareBroadcasts(isQuick ? quickCast : cast, { tables: [TABLE], rounds }),
}
