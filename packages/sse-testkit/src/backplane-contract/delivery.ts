import assert from 'node:assert/strict'
import type { Backplane, LogEntry } from '@ssekit/sse-core'
import { waitForLateDeliveries } from './late-deliveries.js'
import { assertSame, dataOf, numbers, publishAll } from './recorder.js'
import type { Scenarios } from './suite.js'

/** Every node gets every event once, all in the same order. */
export function delivery({ test, onNodes, record }: Scenarios): void {
  test(
    'every node receives each event once, in publish order',
    onNodes(3, async (publisher, ...others) => {
      assert(publisher)
      const recorders = await Promise.all([publisher, ...others].map((node) => record(node, 'news')))
      const ids: string[] = []
      for (const data of numbers(1, 20)) ids.push(await publisher.publish('news', { event: { data } }))
      const live = await waitForLateDeliveries(publisher, 'news', recorders)
      for (const recorder of recorders) {
        assert.deepEqual(recorder.data, [...numbers(1, 20), ...live])
        assert.deepEqual(recorder.ids.slice(0, 20), ids)
        assert.equal(recorder.gaps, 0)
      }
    }),
  )

  test(
    'publishes of one node keep the order of their calls, even if they are not awaited',
    onNodes(2, async (publisher, other) => {
      assert(publisher && other)
      const recorder = await record(other, 'news')
      const ids = await publishAll(publisher, 'news', numbers(1, 200))
      await recorder.received(200)
      assertSame(recorder.data, numbers(1, 200), 'the events')
      assertSame(recorder.ids, ids, 'the ids')
    }),
  )

  test(
    'events that two nodes publish in turn arrive on both in publish order',
    onNodes(2, async (one, other) => {
      assert(one && other)
      const recorders = [await record(one, 'news'), await record(other, 'news')]
      for (const data of numbers(1, 10)) await (data % 2 === 0 ? one : other).publish('news', { event: { data } })
      for (const recorder of recorders) {
        await recorder.received(10)
        assert.deepEqual(recorder.data, numbers(1, 10))
      }
    }),
  )

  test(
    'each subscription of a node receives all events, and ending one does not affect another',
    onNodes(1, async (node) => {
      assert(node)
      const [first, second] = [await record(node, 'news'), await record(node, 'news')]
      await publishAll(node, 'news', [1])
      await Promise.all([first.received(1), second.received(1)])
      first.unsubscribe()
      await publishAll(node, 'news', [2])
      await second.received(2)
      assert.deepEqual([first.data, second.data], [[1], [1, 2]])
    }),
  )

  test(
    'nothing is delivered after unsubscribing, which can be repeated, and the node can subscribe again',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const gone = await record(node, 'news')
      await publishAll(publisher, 'news', [1])
      await gone.received(1)
      gone.unsubscribe()
      gone.unsubscribe()
      await publishAll(publisher, 'news', [2])
      const back = await record(node, 'news')
      await publishAll(publisher, 'news', [3])
      const live = await waitForLateDeliveries(publisher, 'news', [back])
      assert.deepEqual([gone.data, back.data], [[1], [3, ...live]])
    }),
  )

  test(
    'channels with special characters in their names are kept apart',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const names = [
        'a',
        'A',
        'a.b',
        'a.*',
        'a.>',
        '>',
        '*',
        'a b',
        'a:b',
        '{a}',
        '{a}:b',
        '}',
        '}{',
        '%7d',
        'ü🚀',
        'a\nb',
        'a\0',
        'x'.repeat(300),
      ]
      const recorders = await Promise.all(names.map((name) => record(node, name)))
      await Promise.all(names.map((name) => publishAll(publisher, name, [name])))
      const live = await Promise.all(
        recorders.map((recorder, i) => waitForLateDeliveries(publisher, names[i] ?? '', [recorder])),
      )
      assert.deepEqual(
        recorders.map(({ data }) => data),
        names.map((name, i) => [name, ...(live[i] ?? [])]),
      )
    }),
  )

  test(
    'events arrive with all fields unchanged, including non-ASCII text and 1 MiB of data',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const recorder = await record(node, 'news')
      const events = [
        { event: 'order', data: { total: 3, lines: [{ name: 'žluťoučký kůň 🚀\u2028' }] }, retry: 0, comment: 'a\nb' },
        { data: '' },
        { data: 'a\r\nb\rc\n\0\ufeff' },
        { data: null },
        { data: [false, 0, -1.5, 'x'] },
        { event: '', comment: '' },
        { data: 'é'.repeat(2 ** 19) },
      ]
      for (const event of events) await publisher.publish('news', { event })
      await recorder.received(events.length)
      assertSame(
        recorder.entries.map((entry) => 'event' in entry && entry.event),
        events,
        'the events',
      )
    }),
  )

  test(
    'each entry has the time at which it was published',
    onNodes(1, async (node) => {
      assert(node)
      const recorder = await record(node, 'news')
      const before = Date.now()
      await publishAll(node, 'news', [1, 2])
      await recorder.received(2)
      for (const { at } of recorder.entries) {
        // A broker's clock may differ from ours.
        assert(Math.abs(at - before) < 60_000, `published at ${at}, about ${before}`)
      }
    }),
  )

  test(
    '10 000 events of three concurrent publishers arrive once, in the same order, on every node',
    onNodes(3, async (...nodes) => {
      const recorders = await Promise.all(nodes.map((node) => record(node, 'news')))
      const published = await Promise.all(
        nodes.map(async (node, index) => {
          const ids: string[] = []
          const count = index === 0 ? 3_334 : 3_333
          // About as many at a time as a busy process has in flight.
          for (let from = 0; from < count; from += 100) {
            const data = numbers(from, Math.min(count, from + 100) - 1).map((n) => ({ from: index, n }))
            ids.push(...(await publishAll(node, 'news', data)))
          }
          return ids
        }),
      )
      const [first, ...rest] = recorders
      assert(first)
      const live = await waitForLateDeliveries(nodes[0] as Backplane, 'news', recorders)
      assert.equal(first.ids.length, 10_000 + live.length)
      assert.equal(new Set(first.ids).size, first.ids.length)
      for (const [index, ids] of published.entries()) {
        const own = first.entries.filter((entry) => publisherOf(entry) === index).map((entry) => entry.id)
        assertSame(own, ids, `the events of publisher ${index}`)
      }
      for (const recorder of rest) assertSame(recorder.ids, first.ids, 'the order on another node')
    }),
  )
}

function publisherOf(entry: LogEntry): unknown {
  const data = dataOf(entry)
  return typeof data === 'object' && data !== null && 'from' in data ? data.from : undefined
}
