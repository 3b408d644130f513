import { expect, test } from '@jest/globals'
import type { LogEntry } from '@ssekit/sse-core'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

const SUBSCRIPTIONS = isFullStress ? 1_000 : 60

const broker = sharedBroker()

// An event that is stored while a page is read evicts another one, which the page then lacks.
test.each([3, 5])(
  'a process that begins to follow a busy channel of %i events misses none without a gap',
  async (maxEvents) => {
    const nodes = broker.nodes()
    const history = { maxEvents }
    const [publisher, node] = [await nodes.backplane({ history }), await nodes.backplane({ history })]
    // It is older than all others, so the stream does not evict from its beginning.
    await publisher.publish('quiet', { event: { data: 'quiet' } })
    let published = 0
    let isOver = false
    const publishing = (async () => {
      while (!isOver) {
        const burst = Array.from({ length: 1 + (published % 6) }, () => {
          published += 1
          return publisher.publish('busy', { event: { data: published } })
        })
        await Promise.all(burst)
      }
    })()
    try {
      for (let n = 0; n < SUBSCRIPTIONS; n++) {
        const received: (number | 'gap')[] = []
        const sink = {
          entry: (entry: LogEntry) => received.push('event' in entry ? Number(entry.event.data) : 0),
          gap: () => received.push('gap'),
        }
        const unsubscribe = await node.subscribe('busy', { last: Number.MAX_SAFE_INTEGER }, sink)
        const start = received.length
        await until(
          () => received.length > start + 5,
          () => `more than ${received.length} events`,
        )
        unsubscribe()
        const jumps = received.filter((each, index) => {
          const before = received[index - 1]
          return typeof each === 'number' && typeof before === 'number' && each !== before + 1
        })
        expect(jumps).toEqual([])
      }
    } finally {
      isOver = true
      await publishing
    }
  },
)
