import assert from 'node:assert/strict'
import { waitForLateDeliveries } from './late-deliveries.js'
import { assertSame, numbers, publishAll, type Recorder } from './recorder.js'
import type { Scenarios } from './suite.js'

/** A subscription begins with the newest entries. */
export function warming({ test, onNodes, record }: Scenarios): void {
  test(
    'a subscription begins with the newest `last` entries, oldest first',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const lasts = [0, 1, 3, 10, 1_000, Number.MAX_SAFE_INTEGER]
      await Promise.all(
        lasts.map(async (last) => {
          await publishAll(publisher, `last ${last}`, numbers(1, 10))
          const recorder = await record(node, `last ${last}`, last)
          const live = await waitForLateDeliveries(publisher, `last ${last}`, [recorder])
          assert.deepEqual(recorder.data, [...numbers(Math.max(1, 11 - last), 10), ...live])
        }),
      )
    }),
  )

  test(
    'a subscription with `maxBytes` may begin with fewer entries, but leaves out none that fit',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const data = numbers(1, 20).map((n) => `${n} ${'x'.repeat(10_000)}`)
      await publishAll(publisher, 'news', data)
      for (const [last, fitting] of [
        [10, 4],
        [3, 3],
      ] as const) {
        const recorder = await record(node, 'news', last, 45_000)
        const live = `live after ${last}`
        await publisher.publish('news', { event: { data: live } })
        await recorder.until(() => recorder.data.includes(live), 'what is live')
        const received = recorder.data.slice(0, recorder.data.indexOf(live))
        assert(
          received.length >= fitting && received.length <= last,
          `${received.length} of ${last}, of which ${fitting} fit`,
        )
        assertSame(received, data.slice(-received.length), 'the newest')
        recorder.unsubscribe()
        data.push(live)
      }
    }),
  )

  test(
    'a live subscription receives every later event, even on a channel that never had one',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const recorder = await record(node, 'never', 100)
      await publishAll(publisher, 'never', [1])
      const live = await waitForLateDeliveries(publisher, 'never', [recorder])
      assert.deepEqual(recorder.data, [1, ...live])
    }),
  )

  test(
    'no event published meanwhile is lost or repeated between the newest `last` entries and live ones',
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
      const recorders: Recorder[] = []
      for (let i = 0; i < 20; i++) {
        const node = nodes[i % nodes.length]
        assert(node)
        const before = published
        const recorder = await record(node, 'news', 50)
        recorders.push(recorder)
        // One event may be in flight, accepted but not yet known to its publisher.
        const [oldest, newest] = [before - 49, published + 1 - 49]
        await recorder.received(1)
        const [first] = recorder.data
        assert(typeof first === 'number' && first >= oldest && first <= Math.max(1, newest), `${first} of ${newest}`)
      }
      await publishing
      const live = await waitForLateDeliveries(publisher, 'news', recorders)
      for (const recorder of recorders) {
        const [first] = recorder.data
        assert(typeof first === 'number')
        assertSame(recorder.data, [...numbers(first, total), ...live], 'the events')
        assert.equal(recorder.gaps, 0)
      }
    }),
  )
}
