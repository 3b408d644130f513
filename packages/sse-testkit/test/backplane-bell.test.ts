import { describe, test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'
import { BellBroker, type Ringing } from '../../sse-core/test/bell-broker.js'

const brokers = new WeakMap<Backplane, BellBroker>()

function brokerOf(nodes: readonly Backplane[]): BellBroker {
  const broker = nodes[0] && brokers.get(nodes[0])
  if (broker === undefined) throw new Error('these nodes have no broker')
  return broker
}

// Any log with a bell keeps the contract by `LogFollowers`, whatever its bell is worth.
describe.each<[string, readonly Ringing[]]>([
  ['news', ['news']],
  ['no news, only that there are some', ['bare']],
  ['all sorts of things', ['news', 'twice', 'lost', 'bare', 'late', 'news', 'lost']],
])('with a bell that brings %s', (_what, bells) => {
  backplaneContract({
    test,
    nodes: async (count, history) => {
      const broker = new BellBroker(history?.maxEvents ?? 20_000)
      let rung = 0
      broker.ringing = () => {
        rung += 1
        return bells[rung % bells.length] as Ringing
      }
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
})
