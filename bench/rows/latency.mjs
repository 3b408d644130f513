import { thousands } from '../report/text.mjs'
import { Stage } from '../stage.mjs'

const SUBSCRIBERS = 1_000
/** How many events a round has. */
const PUBLICATIONS = 25
/** After this many events at a steady rate, sockets acknowledge several segments at a time. */
const RUN_IN = 20
const WORKLOAD = { bytes: 100, count: 1 }

/** @type {import('../stage.mjs').Cast} */
const quickCast = { epoll: null, net: 'epoll', nchan: 'epoll', 'ssekit-http': 'epoll' }

/** @type {import('../stage.mjs').Cast} */
const cast = {
  epoll: null,
  'epoll-again': 'epoll',
  net: 'epoll',
  nchan: 'epoll',
  'ssekit-http': 'epoll',
  'better-sse': 'epoll',
}

/** @type {import('./row.mjs').Row} */
export const latency = {
  id: 'latency',
  title: 'Latency',
  method:
    `Events of 100 bytes are published for ${thousands(SUBSCRIBERS)} subscribers at a steady rate, whether or not ` +
    'the server keeps up. Latency is the time from just before the client tells the server to publish until it has read the event, over all ' +
    'events and all streams. One process reads all streams, one after another: about half of the figure is its own time.',

  run: ({ isQuick, rounds }) =>
    Stage.with(isQuick ? quickCast : cast, rounds, { heartbeatMs: 0 }, async (stage) => {
      await stage.open({ count: SUBSCRIBERS })
      const comparisons = []
      for (const [index, perSecond] of (isQuick ? [100] : [50, 100]).entries()) {
        /** @type {import('../stage.mjs').Heading[]} */
        const headings = [
          { title: `${perSecond} events a second, median`, quantity: 'Latency', unit: 'ms', plot: 'value' },
          { title: `${perSecond} events a second, 99th percentile`, quantity: 'Latency', unit: 'ms', plot: 'value' },
        ]
        const pace = { perSecond, publications: PUBLICATIONS }
        const runIn = { publications: RUN_IN, deliveries: SUBSCRIBERS, each: RUN_IN }
        const measure = async (/** @type {import('../subject.mjs').Subject} */ { client }) => {
          await client.call('publish', WORKLOAD, runIn)
          const { p50, p99 } = await client.call('latency', WORKLOAD, pace)
          return { figures: [p50, p99] }
        }
        comparisons.push(...(await stage.compare(headings, measure, { warmUps: index === 0 ? 1 : 0 })))
      }
      return comparisons
    }),
}
