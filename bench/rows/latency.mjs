import { Stage } from '../stage.mjs'
import { thousands } from './publishing.mjs'

const SUBSCRIBERS = 1_000
const ROUND_MS = 1_000
const WORKLOAD = { bytes: 100, count: 1 }

/** @type {import('../stage.mjs').Cast} */
const quickCast = { epoll: null, net: 'epoll', nchan: 'epoll', 'ssekit-http': 'epoll' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  epoll: null,
  net: 'epoll',
  'net-again': 'net',
  nchan: 'epoll',
  http: 'epoll',
  'ssekit-http': 'epoll',
  'better-sse': 'epoll',
  'fastify-sse': 'epoll',
}

/** @type {import('./row.mjs').Row} */
export const latency = {
  id: 'latency',
  title: 'Latency',
  method:
    'Events are published at a steady rate, whether or not the server keeps up. From just before the client tells the server to publish ' +
    'until it has read the event, over all events and all streams. One process reads all streams, one after another: about half of the figure ' +
    'is its own time.',

  run: ({ isQuick, rounds }) =>
    Stage.with(isQuick ? quickCast : cast, { rounds, options: { heartbeatMs: 0 } }, async (stage) => {
      await stage.open({ count: SUBSCRIBERS })
      const comparisons = []
      for (const perSecond of isQuick ? [100] : [50, 100]) {
        const title = `${perSecond} events a second to ${thousands(SUBSCRIBERS)} subscribers`
        const headings = [
          { title: `${title}, median`, quantity: 'p50', unit: 'ms' },
          { title: `${title}, 99th percentile`, quantity: 'p99', unit: 'ms' },
        ]
        const pace = { perSecond, publications: (perSecond * ROUND_MS) / 1000 }
        const results = await stage.compare(headings, async ({ client }) => {
          const { p50, p99 } = await client.call('latency', WORKLOAD, pace)
          return { figures: [p50, p99] }
        })
        comparisons.push(...results)
      }
      return comparisons
    }),
}
