import { thousands } from '../report/text.mjs'
import { compareBroadcasts } from './publishing.mjs'

/** How many writes a round has if ten events are one write; the other packages write each event separately. */
const WRITES = 10_000

/** @type {import('../stage.mjs').Cast} */
const cast = {
  net: null,
  'net-again': 'net',
  'ssekit-http': 'net',
  'better-sse': 'net',
  'better-sse-batch': 'net',
  'sse-channel': 'net',
}

/** @type {import('./row.mjs').Row} */
export const bursts = {
  id: 'bursts',
  title: 'Ten events in one turn of the event loop',
  method:
    'The bare baseline joins the ten events and writes them at once. The libraries are called ten times, without a pause.',

  run({ isQuick, rounds, allows }) {
    const tables = (isQuick ? [1_000] : [1_000, 10_000]).filter(allows).map((subscribers) => ({
      title: `Ten times 100 bytes to ${thousands(subscribers)} subscribers`,
      subscribers,
      workload: { bytes: 100, count: 10 },
    }))
    return compareBroadcasts(cast, { tables, rounds, writes: WRITES })
  },
}
