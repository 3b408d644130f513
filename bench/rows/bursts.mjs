import { thousands } from '../report/text.mjs'
import { compareBroadcasts } from './publishing.mjs'

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
  method: 'The bare baseline writes the joined ten at once. The libraries are called ten times, without a pause.',

  async run({ isQuick, rounds, allows }) {
    const comparisons = []
    for (const subscribers of (isQuick ? [1_000] : [1_000, 10_000]).filter(allows)) {
      const settings = { subscribers, workloads: [{ bytes: 100, count: 10 }], rounds }
      const title = `Ten times 100 bytes to ${thousands(subscribers)} subscribers`
      comparisons.push(...(await compareBroadcasts(cast, settings, () => title)))
    }
    return comparisons
  },
}
