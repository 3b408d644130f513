import { test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'

/** A broker in the process of the test. */
export interface LocalBroker {
  node(): Backplane
  goDown(): void
  goUp(): void
  wipe(): void
  /** How many subscriptions its nodes have. */
  readonly subscriptionCount: number
}

/** Declares the contract's tests for a kind of broker; each test creates a new one. */
export function testContractOf(makeBroker: (maxEvents: number | undefined) => LocalBroker): void {
  const brokers = new WeakMap<Backplane, LocalBroker>()
  const brokerOf = (nodes: readonly Backplane[]): LocalBroker => {
    const broker = nodes[0] && brokers.get(nodes[0])
    if (broker === undefined) throw new Error('these nodes have no broker')
    return broker
  }
  backplaneContract({
    test,
    patienceMs: 15_000,
    nodes: async (count, history) => {
      const broker = makeBroker(history?.maxEvents)
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
    subscriptions: async (nodes) => brokerOf(nodes).subscriptionCount,
    wipe: async (nodes) => brokerOf(nodes).wipe(),
  })
}
