import { thousands } from '../report/text.mjs'
import { compareBroadcasts } from './publishing.mjs'

const SUBSCRIBERS = 1_000

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
  title: 'Where the direct path may not be used',
  method:
    'As above, but `res.write` has been replaced by a function that calls it, as compression does: so the bytes have to go that way.',

  run: ({ rounds }) =>
    compareBroadcasts(
      cast,
      { subscribers: SUBSCRIBERS, workloads: [{ bytes: 100, count: 1 }], rounds },
      ({ bytes }) => `${bytes} bytes to ${thousands(SUBSCRIBERS)} subscribers`,
    ),
}
