import { Stage } from '../stage.mjs'
import { perDelivery } from './publishing.mjs'

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
const more = { ...cast, 'express-sse': 'net', 'sse-channel': 'net', 'fastify-sse-v2': 'net', hono: 'net' }

const SUBSCRIBERS = [100, 1_000, 10_000]
const BYTES = [100, 1_024]

/** @type {import('./row.mjs').Row} */
export const broadcast = {
  id: 'broadcast',
  title: 'Broadcast',
  method: 'One event after another to all subscribers, the next when the last one has arrived everywhere.',

  async run({ isQuick, rounds, maxStreams }) {
    const comparisons = []
    for (const subscribers of isQuick ? [1_000] : SUBSCRIBERS) {
      if (subscribers > maxStreams) continue
      // The others do what they do at 1 000.
      const players = subscribers === 1_000 && !isQuick ? more : cast
      comparisons.push(
        ...(await Stage.with(players, { rounds, options: { heartbeatMs: 0 } }, async (stage) => {
          await stage.open({ count: subscribers })
          const results = []
          for (const bytes of isQuick ? [100] : BYTES) {
            const title = `${bytes} bytes to ${subscribers.toLocaleString('en')} subscribers`
            const heading = { title, quantity: 'CPU per delivered event', unit: 'µs' }
            results.push(await stage.compare(heading, perDelivery(subscribers, { bytes, count: 1 })))
          }
          return results
        })),
      )
    }
    return comparisons
  },
}
