import assert from 'node:assert/strict'
import { SseError } from '@ssekit/sse-core'
import { dataOf, numbers, publishAll } from './hearing.js'
import { outwaitStragglers } from './stragglers.js'
import type { Scenarios } from './suite.js'

/** Matches an `SseError` with this code. */
function hasCode(code: SseError['code']): (error: unknown) => boolean {
  return (error) => error instanceof SseError && error.code === code
}

/** The end of a channel is an entry of its log. */
export function ending({ test, onNodes, hear }: Scenarios): void {
  test(
    'the end comes after all events, on every node, and to every later subscriber',
    onNodes(3, async (publisher, node, late) => {
      assert(publisher && node && late)
      const hearing = await hear(node, 'news')
      const published = publishAll(publisher, 'news', numbers(1, 3))
      const endId = await publisher.publish('news', { end: true })
      const ids = [...(await published), endId]
      await hearing.heard(4)
      assert.deepEqual(hearing.data, [1, 2, 3, undefined])
      assert.deepEqual(hearing.ids, ids)
      assert('end' in (hearing.entries[3] ?? {}))
      const later = await hear(late, 'news', 2)
      await later.heard(2)
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
    'what is published after the end is refused with ERR_SSE_CLOSED, on every node, and heard by nobody',
    onNodes(2, async (publisher, other) => {
      assert(publisher && other)
      const hearing = await hear(other, 'news')
      const elsewhere = await hear(other, 'goes on')
      const [id] = await publishAll(publisher, 'news', [1])
      await publisher.publish('news', { end: true })
      for (const node of [publisher, other]) {
        await assert.rejects(node.publish('news', { event: { data: 'late' } }), hasCode('ERR_SSE_CLOSED'))
        await assert.rejects(node.publish('news', { end: true }), hasCode('ERR_SSE_CLOSED'))
      }
      await hearing.heard(2)
      // Nothing live can follow here any more, so another channel of the same node is used.
      await outwaitStragglers(publisher, 'goes on', [elsewhere])
      assert.deepEqual(hearing.data, [1, undefined])
      assert.deepEqual((await other.read('news', id as string, 10))?.map(dataOf), [undefined])
    }),
  )

  test(
    'of two that end a channel at once one is refused, and the end is there once',
    onNodes(3, async (one, two, node) => {
      assert(one && two && node)
      const hearing = await hear(node, 'news')
      const outcomes = await Promise.allSettled([
        one.publish('news', { end: true }),
        two.publish('news', { end: true }),
      ])
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      await hearing.heard(1)
      const late = await hear(two, 'news', 10)
      await late.heard(1)
      await outwaitStragglers(one, 'goes on', [await hear(node, 'goes on'), await hear(two, 'goes on')])
      assert.deepEqual([hearing.entries.length, late.entries.length], [1, 1])
    }),
  )

  test(
    'a backplane that is closed is closed, once or twice, and the others go on',
    onNodes(2, async (closed, other) => {
      assert(closed && other)
      await closed.close()
      await closed.close()
      if (closed === other) return
      const hearing = await hear(other, 'news')
      await publishAll(other, 'news', [1])
      await hearing.heard(1)
      await assert.rejects(closed.publish('news', { event: { data: 2 } }), SseError)
      await assert.rejects(closed.subscribe('news', { last: 0 }, { entry: () => {}, gap: () => {} }), SseError)
    }),
  )

  test(
    'a subscription that is under way when its backplane is closed is there, or refused with ERR_SSE_CLOSED',
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
