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
const wholeCast = { ...cast, 'sse-channel': 'net', 'fastify-sse-v2': 'net', 'express-sse': 'net', hono: 'net' }

/** @type {import('./row.mjs').Row} */
export const broadcast = {
  id: 'broadcast',
  title: 'Broadcast',
  method: 'One event after another to all subscribers, the next as soon as the last one has arrived everywhere.',

  async run({ isQuick, rounds, allows }) {
    const sizes = (isQuick ? [1_000] : [100, 1_000, 10_000]).filter(allows)
    const workloads = (isQuick ? [100] : [100, 1_024]).map((bytes) => ({ bytes, count: 1 }))
    const comparisons = []
    for (const subscribers of sizes) {
      // The others differ by as much at any size.
      const players = subscribers === 1_000 && !isQuick ? wholeCast : cast
      const settings = { subscribers, workloads, rounds }
      const titleOf = (/** @type {{ bytes: number }} */ { bytes }) =>
        `${thousands(bytes)} bytes to ${thousands(subscribers)} subscribers`
      comparisons.push(...(await compareBroadcasts(players, settings, titleOf)))
    }
    return comparisons
  },
}
