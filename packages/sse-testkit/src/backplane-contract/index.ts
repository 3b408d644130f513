import { defaultTimeoutMs } from '../time-limit.js'
import { channels } from './channels.js'
import { delivery } from './delivery.js'
import { ending } from './ending.js'
import { faults } from './faults.js'
import { ids } from './ids.js'
import { reading } from './reading.js'
import { Recorder } from './recorder.js'
import type { BackplaneSuite, Scenarios } from './suite.js'
import { warming } from './warming.js'

export type { BackplaneSuite, NodesFactory } from './suite.js'

/**
 * Tests an implementation of `Backplane`: one test for every promise of the contract, declared with your own test
 * runner.
 *
 * ```ts
 * import { test } from 'node:test'
 * import { backplaneContract } from '@ssekit/sse-testkit'
 *
 * backplaneContract({
 *   test,
 *   nodes: async (count) => {
 *     const topic = randomUUID()
 *     return Array.from({ length: count }, () => kafkaBackplane({ brokers, topic }))
 *   },
 * })
 * ```
 */
export function backplaneContract(suite: BackplaneSuite): void {
  const { test, nodes, patienceMs = defaultTimeoutMs() } = suite
  const scenarios: Scenarios = {
    test,
    record: (backplane, channel, last = 0, maxBytes) => Recorder.of(backplane, channel, { last, maxBytes }, patienceMs),
    until: async (count, expected, what) => {
      const deadline = performance.now() + patienceMs
      for (let found = await count(); found !== expected; found = await count()) {
        if (performance.now() > deadline) throw new Error(`waited in vain for ${expected} ${what}, there are ${found}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    onNodes: (count, scenario, history) => async () => {
      const backplanes = await nodes(count, history)
      const closeAll = () => Promise.all(backplanes.map((backplane) => backplane.close()))
      try {
        await scenario(...backplanes)
      } catch (error) {
        // The scenario's failure says more than an error from closing its nodes afterwards.
        await closeAll().catch(() => {})
        throw error
      }
      await closeAll()
    },
  }
  delivery(scenarios)
  ids(scenarios)
  warming(scenarios)
  reading(scenarios)
  ending(scenarios)
  channels(scenarios)
  faults(scenarios, suite)
}
