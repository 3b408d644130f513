import assert from 'node:assert/strict'
import { assertSame, type Hearing, numbers, publishAll } from './hearing.js'
import { outwaitStragglers } from './stragglers.js'
import type { Scenarios } from './suite.js'

/** A subscription begins with the newest entries. */
export function warming({ test, onNodes, hear }: Scenarios): void {
  test(
    'a subscription begins with the newest `last` entries, oldest first',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const lasts = [0, 1, 3, 10, 1_000, Number.MAX_SAFE_INTEGER]
      await Promise.all(
        lasts.map(async (last) => {
          await publishAll(publisher, `last ${last}`, numbers(1, 10))
          const hearing = await hear(node, `last ${last}`, last)
          const live = await outwaitStragglers(publisher, `last ${last}`, [hearing])
          assert.deepEqual(hearing.data, [...numbers(Math.max(1, 11 - last), 10), ...live])
        }),
      )
    }),
  )

  test(
    'of the newest entries those may be left out that are beyond `maxBytes`, and no others',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const data = numbers(1, 20).map((n) => `${n} ${'x'.repeat(10_000)}`)
      await publishAll(publisher, 'news', data)
      for (const [last, fitting] of [
        [10, 4],
        [3, 3],
      ] as const) {
        const hearing = await hear(node, 'news', last, 45_000)
        const live = `live after ${last}`
        await publisher.publish('news', { event: { data: live } })
        await hearing.until(() => hearing.data.includes(live), 'what is live')
        const heard = hearing.data.slice(0, hearing.data.indexOf(live))
        assert(heard.length >= fitting && heard.length <= last, `${heard.length} of ${last}, of which ${fitting} fit`)
        assertSame(heard, data.slice(-heard.length), 'the newest')
        hearing.unsubscribe()
        data.push(live)
      }
    }),
  )

  test(
    'what is published once the subscription is live is heard, on a channel that never had an event too',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const hearing = await hear(node, 'never', 100)
      await publishAll(publisher, 'never', [1])
      const live = await outwaitStragglers(publisher, 'never', [hearing])
      assert.deepEqual(hearing.data, [1, ...live])
    }),
  )

  test(
    'between the newest `last` entries and the live ones nothing is lost or doubled, however many are published meanwhile',
    onNodes(3, async (publisher, ...nodes) => {
      assert(publisher)
      const total = 600
      let published = 0
      const publishing = (async () => {
        for (const n of numbers(1, total)) {
          await publisher.publish('news', { event: { data: n } })
          published = n
          // Gives the subscribers a turn in between.
          if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      })()
      // If the scenario fails before publishing is done, the scenario's failure is the one to report.
      publishing.catch(() => {})
      const hearings: Hearing[] = []
      for (let i = 0; i < 20; i++) {
        const node = nodes[i % nodes.length]
        assert(node)
        const before = published
        const hearing = await hear(node, 'news', 50)
        hearings.push(hearing)
        // One event may be in flight, accepted but not yet known to its publisher.
        const [oldest, newest] = [before - 49, published + 1 - 49]
        await hearing.heard(1)
        const [first] = hearing.data
        assert(typeof first === 'number' && first >= oldest && first <= Math.max(1, newest), `${first} of ${newest}`)
      }
      await publishing
      const live = await outwaitStragglers(publisher, 'news', hearings)
      for (const hearing of hearings) {
        const [first] = hearing.data
        assert(typeof first === 'number')
        assertSame(hearing.data, [...numbers(first, total), ...live], 'the events')
        assert.equal(hearing.gaps, 0)
      }
    }),
  )
}
