import { test } from '@jest/globals'
import { backplaneContract } from '@ssekit/sse-testkit'
import { BIG_PAYLOAD } from './nodes.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker({ args: BIG_PAYLOAD })

backplaneContract({
  test,
  patienceMs: 15_000,
  nodes: async (count, history) => {
    const nodes = broker.nodes()
    // A stream keeps exactly so many, and some tests publish more than its default.
    const options = { history: { maxEvents: history?.maxEvents ?? 20_000 }, timeoutMs: 30_000 }
    return Promise.all(Array.from({ length: count }, () => nodes.backplane(options)))
  },
  interrupt: () => broker.server.restart(),
  wipe: () => broker.server.restartEmpty(),
})
