import assert from 'node:assert/strict'
import { SseError } from '@ssekit/sse-core'
import { waitForLateDeliveries } from './late-deliveries.js'
import { dataOf, numbers, publishAll } from './recorder.js'
import type { Scenarios } from './suite.js'

/** Matches an `SseError` with this code. */
function hasCode(code: SseError['code']): (error: unknown) => boolean {
  return (error) => error instanceof SseError && error.code === code
}

/** The end of a channel is an entry of its log. */
export function ending({ test, onNodes, record }: Scenarios): void {
  test(
    'the end is delivered after all events, on every node and to later subscribers',
    onNodes(3, async (publisher, node, late) => {
      assert(publisher && node && late)
      const recorder = await record(node, 'news')
      const published = publishAll(publisher, 'news', numbers(1, 3))
      const endId = await publisher.publish('news', { end: true })
      const ids = [...(await published), endId]
      await recorder.received(4)
      assert.deepEqual(recorder.data, [1, 2, 3, undefined])
      assert.deepEqual(recorder.ids, ids)
      assert('end' in (recorder.entries[3] ?? {}))
      const later = await record(late, 'news', 2)
      await later.received(2)
      assert.deepEqual(later.ids, ids.slice(2))
      const read = await late.read('news', ids[0] as string, 10)
      assert.deepEqual(
        read?.map(({ id }) => id),
        ids.slice(1),
      )
      assert.deepEqual(await late.read('news', endId, 10), [])
    }),
  )

  test(
    'a publish after the end rejects with ERR_SSE_CLOSED on every node, and is not delivered',
    onNodes(2, async (publisher, other) => {
      assert(publisher && other)
      const recorder = await record(other, 'news')
      const elsewhere = await record(other, 'goes on')
      const [id] = await publishAll(publisher, 'news', [1])
      await publisher.publish('news', { end: true })
      for (const node of [publisher, other]) {
        await assert.rejects(node.publish('news', { event: { data: 'late' } }), hasCode('ERR_SSE_CLOSED'))
        await assert.rejects(node.publish('news', { end: true }), hasCode('ERR_SSE_CLOSED'))
      }
      await recorder.received(2)
      // Nothing live can follow here any more, so another channel of the same node is used.
      await waitForLateDeliveries(publisher, 'goes on', [elsewhere])
      assert.deepEqual(recorder.data, [1, undefined])
      assert.deepEqual((await other.read('news', id as string, 10))?.map(dataOf), [undefined])
    }),
  )

  test(
    'if two nodes end a channel at once, one publish rejects and the end is delivered once',
    onNodes(3, async (one, two, node) => {
      assert(one && two && node)
      const recorder = await record(node, 'news')
      const outcomes = await Promise.allSettled([
        one.publish('news', { end: true }),
        two.publish('news', { end: true }),
      ])
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      await recorder.received(1)
      const late = await record(two, 'news', 10)
      await late.received(1)
      await waitForLateDeliveries(one, 'goes on', [await record(node, 'goes on'), await record(two, 'goes on')])
      assert.deepEqual([recorder.entries.length, late.entries.length], [1, 1])
    }),
  )

  test(
    'a closed backplane rejects calls, can be closed again, and does not affect other nodes',
    onNodes(2, async (closed, other) => {
      assert(closed && other)
      await closed.close()
      await closed.close()
      if (closed === other) return
      const recorder = await record(other, 'news')
      await publishAll(other, 'news', [1])
      await recorder.received(1)
      await assert.rejects(closed.publish('news', { event: { data: 2 } }), SseError)
      await assert.rejects(closed.subscribe('news', { last: 0 }, { entry: () => {}, gap: () => {} }), SseError)
    }),
  )

  test(
    'a subscribe() in progress when its backplane is closed resolves or rejects with ERR_SSE_CLOSED',
    onNodes(4, async (...nodes) => {
      for (const [turns, node] of nodes.entries()) {
        const outcome = node.subscribe('news', { last: 1 }, { entry: () => {}, gap: () => {} }).then(
          () => 'there',
          (error: unknown) => (error instanceof SseError ? error.code : error),
        )
        // Closed at whatever stage it has reached.
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
        await node.close()
        assert(['there', 'ERR_SSE_CLOSED'].includes(String(await outcome)), String(await outcome))
      }
    }),
  )
}
