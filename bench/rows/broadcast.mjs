import { thousands } from '../report/text.mjs'
import { compareBroadcasts } from './publishing.mjs'

/** @type {import('../stage.mjs').Cast} */
const cast = {
  net: null,
  'net-again': 'net',
  epoll: 'net',
  nchan: 'net',
  http: 'net',
  'ssekit-http': 'net',
  'better-sse': 'net',
  'fastify-sse': 'net',
}

/** @type {import('../stage.mjs').Cast} */
const wholeCast = {
  ...cast,
  'sse-channel': 'net',
  'fastify-sse-v2': 'net',
  'express-sse': 'net',
  hono: 'net',
  'ssekit-hono': 'net',
}

/** @type {import('./row.mjs').Row} */
export const broadcast = {
  id: 'broadcast',
  title: 'Broadcast',
  method:
    'All subscribers get one event after another. The next event is published as soon as every subscriber has received the last one.',

  run({ isQuick, rounds, allows }) {
    const sizes = (isQuick ? [1_000] : [100, 1_000, 10_000]).filter(allows)
    const tables = sizes.flatMap((subscribers) =>
      (isQuick ? [100] : [100, 1_024]).map((bytes) => ({
        title: `${thousands(bytes)} bytes to ${thousands(subscribers)} subscribers`,
        subscribers,
        workload: { bytes, count: 1 },
        // One table shows how much the other candidates differ.
        among: subscribers === 1_000 && bytes === 100 ? undefined : Object.keys(cast),
      })),
    )
    return compareBroadcasts(isQuick ? cast : wholeCast, { tables, rounds })
  },
}
