import { Stage } from '../stage.mjs'

/** How many writes to streams a round has: enough for at least 100 ms of CPU time. */
const ROUND_WRITES = 16_000
/** How many of these writes one turn has; a turn has at least one publication. */
const TURN_WRITES = 4_000
/** How many turns a round has at most: more would hardly change the figures. */
const MOST_TURNS = 5
/**
 * A socket that has received nothing for 200 ms acknowledges each of the next sixteen segments by itself, and later ones several at a
 * time. An event then costs its sender much less. So every measurement comes after a rest, and has at most sixteen publications.
 *
 * (Linux: `tcp_event_data_recv`, which compares with the shortest time to retransmit; `TCP_MAX_QUICKACKS`.)
 */
const REST_MS = 250
const MOST_PUBLICATIONS = 16

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {number} subscribers of each candidate
 * @property {import('../load/workload.mjs').Workload} workload
 * @property {readonly string[] | undefined} [among] the ids of the candidates that take part; all by default
 */

/**
 * @typedef {object} Turn
 * @property {number} publications
 * @property {number} deliveries how many events arrive each time
 * @property {number} each how many each stream has in the end
 */

/**
 * Measures the server's CPU time for each event that arrives.
 *
 * @param {import('../stage.mjs').Cast} cast
 * @param {{ tables: readonly Table[], rounds: number, writes?: number }} settings `tables`: in ascending order of subscribers;
 *   `writes`: how many writes a round has
 */
export function compareBroadcasts(cast, { tables, rounds, writes = ROUND_WRITES }) {
  // Heartbeats of the other candidates would disturb the one whose turn it is.
  return Stage.with(cast, rounds, { heartbeatMs: 0 }, async (stage) => {
    const comparisons = []
    let opened = 0
    for (const table of tables) {
      const { subscribers, among } = table
      await stage.open({ count: subscribers }, among)
      // On streams that are already warm, events of another size need less warming up.
      const warmUps = subscribers === opened ? 1 : 2
      opened = subscribers
      comparisons.push(...(await compareTable(stage, table, writes, warmUps)))
    }
    return comparisons
  })
}

/**
 * Measures the cost of one turn for the server, after a rest.
 *
 * @param {import('../subject.mjs').Subject} subject
 * @param {import('../load/workload.mjs').Workload} workload
 * @param {Turn} turn
 */
export async function costOfTurn(subject, workload, turn) {
  await subject.rest(REST_MS)
  return subject.usage(() => subject.client.call('publish', workload, turn))
}

/**
 * @param {Stage} stage
 * @param {Table} table
 * @param {number} writes in a round
 * @param {number} warmUps how many rounds do not count
 */
async function compareTable(stage, { title, subscribers, workload, among }, writes, warmUps) {
  /** @param {number} publications @returns {Turn} */
  const turnOf = (publications) => ({
    publications,
    deliveries: subscribers * workload.count,
    each: publications * workload.count,
  })
  const warmUp = turnOf(Math.ceil((warmUps * writes) / subscribers))
  await stage.prepare((subject) => subject.usage(() => subject.client.call('publish', workload, warmUp)), among)
  const turn = turnOf(Math.min(Math.ceil(TURN_WRITES / subscribers), MOST_PUBLICATIONS))
  const turns = Math.min(Math.ceil(writes / (turn.publications * subscribers)), MOST_TURNS)
  /** @type {import('../stage.mjs').Heading} */
  const heading = {
    title,
    quantity: 'CPU per delivered event',
    unit: 'µs',
    // A picture of larger events would look the same.
    plot: workload.bytes === 100 ? 'ratio' : undefined,
  }
  return stage.compare(
    [heading],
    async (subject) => {
      const usage = await costOfTurn(subject, workload, turn)
      return {
        figures: [(usage.cpuMs * 1000) / (turn.publications * turn.deliveries)],
        clientShare: usage.clientShare,
      }
    },
    { among, warmUps: 0, turns },
  )
}
