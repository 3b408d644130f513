import { Crew, cast } from '../crew.mjs'

const PER_SECOND = 100
const ROUND_MS = 400

/** The shortest request of each client. @type {Readonly<Record<string, string>>} */
const questions = {
  ioredis: 'a round trip of ioredis, `PING`',
  'node-redis': 'a round trip of node-redis, `PING`',
  nats: 'a round trip of NATS, `flush()`',
}

/** @type {import('./row.mjs').Row} */
export const backplaneLatency = {
  id: 'backplane-latency',
  title: 'Backplanes: latency',
  method:
    `Events of 100 bytes, ${PER_SECOND} a second. Latency is the time from just before an event is published in one process until it is received in another. ` +
    'Between two events the publisher sends the broker the shortest possible request. The round trip of that request is the baseline of all candidates with the same client.',

  run: ({ isQuick, rounds }) =>
    Crew.compete(cast, { rounds, nodes: 1 }, async (contest) => {
      await contest.prepare(async (crew) => {
        await crew.meet('news', 1)
        await crew.listen(1)
      })
      const pace = { perSecond: PER_SECOND, publications: (PER_SECOND * ROUND_MS) / (isQuick ? 2_000 : 1_000) }
      const title = `${PER_SECOND} events a second`
      /** @type {import('../contest.mjs').Heading[]} */
      const headings = [
        { title: `${title}, median`, quantity: 'Latency', unit: 'ms', plot: 'value' },
        { title: `${title}, 99th percentile`, quantity: 'Latency', unit: 'ms', plot: 'value' },
      ]
      const results = await contest.compare([...headings, ...headings], async (crew) => {
        const { roundTrip, event } = await crew.latency(pace)
        return { figures: [event.p50, event.p99, roundTrip.p50, roundTrip.p99] }
      })
      const [p50, p99, roundTripP50, roundTripP99] = results
      return [beside(p50, roundTripP50), beside(p99, roundTripP99)]
    }),
}

/**
 * Adds the round trips of each client as the baseline of its events.
 *
 * @param {import('../comparison.mjs').Comparison | undefined} events
 * @param {import('../comparison.mjs').Comparison | undefined} roundTrips
 * @returns {import('../comparison.mjs').Comparison}
 */
function beside(events, roundTrips) {
  if (events === undefined || roundTrips === undefined) throw new Error('there is nothing to compare')
  const entries = events.entries.flatMap((entry, index) => {
    const { id, against } = entry
    // The control is compared with the first baseline, not with a round trip.
    if (id.endsWith('-again')) return [entry]
    const roundTripId = `${against ?? id}-round-trip`
    const divided = { ...entry, against: roundTripId }
    if (against !== undefined) return [divided]
    const { values = [] } = roundTrips.entries[index] ?? {}
    return [{ id: roundTripId, label: questions[id] ?? roundTripId, against: undefined, values }, divided]
  })
  return { ...events, entries }
}
