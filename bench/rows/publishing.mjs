import { Stage } from '../stage.mjs'

/** How many events arrive in a round, on all streams together: enough for some 60 ms and more of CPU time. */
const DELIVERIES = 20_000

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {number} subscribers of each candidate
 * @property {import('../load/workload.mjs').Workload} workload
 * @property {readonly string[] | undefined} [among] the ids of those that take part; all by default
 */

/**
 * Measures the server's CPU time for each event that arrives.
 *
 * @param {import('../stage.mjs').Cast} cast
 * @param {{ tables: readonly Table[], rounds: number, deliveries?: number }} settings `tables`: those with the fewest subscribers first
 */
export function compareBroadcasts(cast, { tables, rounds, deliveries = DELIVERIES }) {
  // Heartbeats of those whose turn it is not would disturb those whose turn it is.
  return Stage.with(cast, rounds, { heartbeatMs: 0 }, async (stage) => {
    const comparisons = []
    let opened = 0
    for (const table of tables) {
      const { subscribers, among } = table
      await stage.open({ count: subscribers }, among)
      // Other events meet the same code, on the same streams.
      const terms = { among, warmUps: subscribers === opened ? 0 : 2 }
      opened = subscribers
      comparisons.push(...(await compareTable(stage, table, deliveries, terms)))
    }
    return comparisons
  })
}

/**
 * @param {Stage} stage
 * @param {Table} table
 * @param {number} wanted how many events are to arrive in a round at least
 * @param {import('../contest.mjs').Terms} terms
 */
function compareTable(stage, { title, subscribers, workload }, wanted, terms) {
  const deliveries = subscribers * workload.count
  const publications = Math.ceil(wanted / deliveries)
  const expected = { publications, deliveries, each: publications * workload.count }
  /** @type {import('../stage.mjs').Heading} */
  const heading = {
    title,
    quantity: 'CPU per delivered event',
    unit: 'µs',
    // Larger events look much the same.
    plot: workload.bytes === 100 ? 'ratio' : undefined,
  }
  return stage.compare(
    [heading],
    async (subject) => {
      const usage = await subject.usage(() => subject.client.call('publish', workload, expected))
      return { figures: [(usage.cpuMs * 1000) / (publications * deliveries)], clientShare: usage.clientShare }
    },
    terms,
  )
}
