import { compareBroadcasts } from './publishing.mjs'

const TABLE = {
  title: '100 bytes to 1,000 subscribers',
  subscribers: 1_000,
  workload: { bytes: 100, count: 1 },
}

/** @type {import('../stage.mjs').Cast} */
const cast = {
  net: null,
  'net-again': 'net',
  http: 'net',
  'ssekit-http-slow': 'net',
  express: 'net',
  'ssekit-express-slow': 'net',
}

/** @type {import('./row.mjs').Row} */
export const slowPath = {
  id: 'slow-path',
  title: 'Without the direct write path',
  method:
    'As above, but `res.write` has been replaced by a function that calls it, as compression does. So ssekit has to write through it.',

  run: ({ rounds }) => compareBroadcasts(cast, { tables: [TABLE], rounds }),
}
