import { Stage } from '../stage.mjs'

/** @typedef {import('../load/workload.mjs').Workload} Workload */

/** How many events arrive in a round, on all streams together: enough for some 60 ms and more of CPU time. */
const DELIVERIES = 20_000

/**
 * Measures the server's CPU time for each event that arrives.
 *
 * @param {import('../stage.mjs').Cast} cast
 * @param {{ subscribers: number, workloads: readonly Workload[], rounds: number }} settings
 * @param {(workload: Workload) => string} titleOf
 */
export function compareBroadcasts(cast, { subscribers, workloads, rounds }, titleOf) {
  // Heartbeats of those whose turn it is not would disturb those whose turn it is.
  return Stage.with(cast, rounds, { heartbeatMs: 0 }, async (stage) => {
    await stage.open({ count: subscribers })
    const comparisons = []
    for (const workload of workloads) {
      const deliveries = subscribers * workload.count
      const publications = Math.max(3, Math.ceil(DELIVERIES / deliveries))
      const expected = { publications, deliveries, each: publications * workload.count }
      /** @type {import('../stage.mjs').Heading} */
      const heading = {
        title: titleOf(workload),
        quantity: 'CPU per delivered event',
        unit: 'µs',
        // Larger events look much the same.
        plot: workload.bytes === 100 ? 'ratio' : undefined,
      }
      const results = await stage.compare([heading], async (subject) => {
        const usage = await subject.usage(() => subject.client.call('publish', workload, expected))
        return { figures: [(usage.cpuMs * 1000) / (publications * deliveries)], clientShare: usage.clientShare }
      })
      comparisons.push(...results)
    }
    return comparisons
  })
}
