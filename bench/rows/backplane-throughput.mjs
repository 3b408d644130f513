import { Crew, cast } from '../crew.mjs'

/** @type {import('./row.mjs').Row} */
export const backplaneThroughput = {
  id: 'backplane-throughput',
  title: 'Backplanes: throughput',
  method:
    'One process publishes events of 100 bytes to one channel, at most 1,000 of them unacknowledged; other processes receive them. The time is measured from the ' +
    'first publish until all events have arrived everywhere: 20 µs are 50,000 events a second. Each candidate has its own broker, on the same machine.',

  run({ isQuick, rounds }) {
    const sizes = isQuick ? [1] : [1, 3]
    const events = isQuick ? 2_000 : 5_000
    return Crew.compete(cast, { rounds, nodes: Math.max(...sizes) }, async (contest) => {
      const comparisons = []
      for (const nodes of sizes) {
        await contest.prepare(async (crew) => {
          await crew.meet(`to-${nodes}`, 1)
          await crew.listen(nodes)
          // The extra cost of a channel's first event is not measured here.
          await crew.flood(1)
        })
        const title = `100 bytes to ${nodes === 1 ? 'one node' : `${nodes} nodes`}`
        const quantity = 'CPU per event'
        /** @type {import('../contest.mjs').Heading[]} */
        const headings = [
          { title, quantity: 'Time per event', unit: 'µs', plot: 'value' },
          { title: `${title}, the publisher`, quantity, unit: 'µs' },
          { title: `${title}, ${nodes === 1 ? 'the' : 'each'} node`, quantity, unit: 'µs' },
          { title: `${title}, the broker`, quantity, unit: 'µs' },
        ]
        const results = await contest.compare(headings, async (crew) => {
          const { ms, publisherMs, nodeMs, brokerMs } = await crew.flood(events)
          return { figures: [ms, publisherMs, nodeMs, brokerMs].map((each) => (each * 1000) / events) }
        })
        comparisons.push(...results)
      }
      return comparisons
    })
  },
}
