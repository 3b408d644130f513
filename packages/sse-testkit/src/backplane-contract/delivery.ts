import assert from 'node:assert/strict'
import type { Backplane, LogEntry } from '@ssekit/sse-core'
import { assertSame, dataOf, numbers, publishAll } from './hearing.js'
import { outwaitStragglers } from './stragglers.js'
import type { Scenarios } from './suite.js'

/** Every node gets every event once, all in the same order. */
export function delivery({ test, onNodes, hear }: Scenarios): void {
  test(
    'every node hears each event once, in publish order',
    onNodes(3, async (publisher, ...others) => {
      assert(publisher)
      const hearings = await Promise.all([publisher, ...others].map((node) => hear(node, 'news')))
      const ids: string[] = []
      for (const data of numbers(1, 20)) ids.push(await publisher.publish('news', { event: { data } }))
      const live = await outwaitStragglers(publisher, 'news', hearings)
      for (const hearing of hearings) {
        assert.deepEqual(hearing.data, [...numbers(1, 20), ...live])
        assert.deepEqual(hearing.ids.slice(0, 20), ids)
        assert.equal(hearing.gaps, 0)
      }
    }),
  )

  test(
    'the publishes of one node keep the order of their calls, awaited or not',
    onNodes(2, async (publisher, other) => {
      assert(publisher && other)
      const hearing = await hear(other, 'news')
      const ids = await publishAll(publisher, 'news', numbers(1, 200))
      await hearing.heard(200)
      assertSame(hearing.data, numbers(1, 200), 'the events')
      assertSame(hearing.ids, ids, 'the ids')
    }),
  )

  test(
    'a node hears what another one published before it published itself, in that order',
    onNodes(2, async (one, other) => {
      assert(one && other)
      const hearings = [await hear(one, 'news'), await hear(other, 'news')]
      for (const data of numbers(1, 10)) await (data % 2 === 0 ? one : other).publish('news', { event: { data } })
      for (const hearing of hearings) {
        await hearing.heard(10)
        assert.deepEqual(hearing.data, numbers(1, 10))
      }
    }),
  )

  test(
    'several subscriptions of one node each hear everything, and the others when one is given back',
    onNodes(1, async (node) => {
      assert(node)
      const [first, second] = [await hear(node, 'news'), await hear(node, 'news')]
      await publishAll(node, 'news', [1])
      await Promise.all([first.heard(1), second.heard(1)])
      first.unsubscribe()
      await publishAll(node, 'news', [2])
      await second.heard(2)
      assert.deepEqual([first.data, second.data], [[1], [1, 2]])
    }),
  )

  test(
    'nothing is delivered after a subscription was given back, which may be done twice and undone',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const gone = await hear(node, 'news')
      await publishAll(publisher, 'news', [1])
      await gone.heard(1)
      gone.unsubscribe()
      gone.unsubscribe()
      await publishAll(publisher, 'news', [2])
      const back = await hear(node, 'news')
      await publishAll(publisher, 'news', [3])
      const live = await outwaitStragglers(publisher, 'news', [back])
      assert.deepEqual([gone.data, back.data], [[1], [3, ...live]])
    }),
  )

  test(
    'channels are apart, whatever characters are in their names',
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
      const hearings = await Promise.all(names.map((name) => hear(node, name)))
      await Promise.all(names.map((name) => publishAll(publisher, name, [name])))
      const live = await Promise.all(
        hearings.map((hearing, i) => outwaitStragglers(publisher, names[i] ?? '', [hearing])),
      )
      assert.deepEqual(
        hearings.map(({ data }) => data),
        names.map((name, i) => [name, ...(live[i] ?? [])]),
      )
    }),
  )

  test(
    'events arrive with all their fields, non-ASCII text and 1 MiB of data as they were',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const hearing = await hear(node, 'news')
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
      await hearing.heard(events.length)
      assertSame(
        hearing.entries.map((entry) => 'event' in entry && entry.event),
        events,
        'the events',
      )
    }),
  )

  test(
    'entries say when they were published',
    onNodes(1, async (node) => {
      assert(node)
      const hearing = await hear(node, 'news')
      const before = Date.now()
      await publishAll(node, 'news', [1, 2])
      await hearing.heard(2)
      for (const { at } of hearing.entries) {
        // A broker's clock may differ from ours.
        assert(Math.abs(at - before) < 60_000, `published at ${at}, about ${before}`)
      }
    }),
  )

  test(
    'three publishers at once are heard in one order everywhere: 10 000 events, none lost, none twice',
    onNodes(3, async (...nodes) => {
      const hearings = await Promise.all(nodes.map((node) => hear(node, 'news')))
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
      const [first, ...rest] = hearings
      assert(first)
      const live = await outwaitStragglers(nodes[0] as Backplane, 'news', hearings)
      assert.equal(first.ids.length, 10_000 + live.length)
      assert.equal(new Set(first.ids).size, first.ids.length)
      for (const [index, ids] of published.entries()) {
        const own = first.entries.filter((entry) => publisherOf(entry) === index).map((entry) => entry.id)
        assertSame(own, ids, `the events of publisher ${index}`)
      }
      for (const hearing of rest) assertSame(hearing.ids, first.ids, 'the order on another node')
    }),
  )
}

function publisherOf(entry: LogEntry): unknown {
  const data = dataOf(entry)
  return typeof data === 'object' && data !== null && 'from' in data ? data.from : undefined
}
