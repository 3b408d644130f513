import { test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'
import { LateBroker } from '../../sse-core/test/late-broker.js'

const brokers = new WeakMap<Backplane, LateBroker>()

function brokerOf(nodes: readonly Backplane[]): LateBroker {
  const broker = nodes[0] && brokers.get(nodes[0])
  if (broker === undefined) throw new Error('these nodes have no broker')
  return broker
}

// A second implementation, which does nothing within the call: what passes here is not what memory happens to do.
backplaneContract({
  test,
  nodes: async (count, history) => {
    const broker = new LateBroker(history?.maxEvents)
    return Array.from({ length: count }, () => {
      const node = broker.node()
      brokers.set(node, broker)
      return node
    })
  },
  interrupt: async (nodes) => {
    const broker = brokerOf(nodes)
    broker.goDown()
    await new Promise((resolve) => setTimeout(resolve, 30))
    broker.goUp()
  },
  wipe: async (nodes) => brokerOf(nodes).wipe(),
})
