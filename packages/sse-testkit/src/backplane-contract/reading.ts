import assert from 'node:assert/strict'
import type { Backplane, LogEntry } from '@ssekit/sse-core'
import { dataOf, numbers, publishAll } from './recorder.js'
import type { Scenarios } from './suite.js'

/** How many events a log that was asked to keep ten may still have at most. */
const FORGETS_WITHIN = 10_000

/** What a node's own log no longer has is read from the shared log. */
export function reading({ test, onNodes, record }: Scenarios): void {
  test(
    'read() returns the entries after an id, oldest first, page by page, up to the newest',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const ids = await publishAll(publisher, 'news', numbers(1, 25))
      const read: LogEntry[] = []
      for (const size of [10, 10, 4, 0]) {
        const page = await node.read('news', read.at(-1)?.id ?? (ids[0] as string), 10)
        assert.equal(page?.length, size)
        read.push(...page)
      }
      assert.deepEqual(read.map(dataOf), numbers(2, 25))
      assert.deepEqual(
        read.map(({ id }) => id),
        ids.slice(1),
      )
    }),
  )

  test(
    'read() after the newest id returns nothing until another event is published',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const [id] = await publishAll(publisher, 'news', [1])
      assert(id !== undefined)
      assert.deepEqual(await node.read('news', id, 10), [])
      await publishAll(publisher, 'news', [2])
      assert.deepEqual((await node.read('news', id, 10))?.map(dataOf), [2])
    }),
  )

  test(
    'read() returns undefined for an id that the log does not have',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const [id] = await publishAll(publisher, 'news', [1])
      const foreign = [...strangeIds(), `${id}0`, `0${id}`, String(id).slice(0, -1)]
      for (const afterId of foreign)
        assert.equal(await node.read('news', afterId, 10), undefined, JSON.stringify(afterId))
      assert.equal(await node.read('never', String(id), 10), undefined)
    }),
  )

  test(
    "read() accepts a publisher's own id, and starts after the older event if the id occurs twice",
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      for (const [data, id] of ['a', 'b', 'a', 'c'].entries()) await publisher.publish('news', { event: { data, id } })
      assert.deepEqual((await node.read('news', 'a', 10))?.map(dataOf), [1, 2, 3])
      assert.deepEqual((await node.read('news', 'b', 10))?.map(dataOf), [2, 3])
      assert.deepEqual(await node.read('news', 'c', 10), [])
    }),
  )

  test(
    'read() returns undefined for an evicted id, and the retained entries are complete',
    onNodes(
      2,
      async (publisher, node) => {
        assert(publisher && node)
        const ids = await publishAll(publisher, 'news', numbers(1, 10))
        await forget(publisher, node, 'news', ids[0] as string)
        const last = await publishAll(publisher, 'news', numbers(1, 10))
        assert.deepEqual((await node.read('news', last[0] as string, 100))?.map(dataOf), numbers(2, 10))
        const recorder = await record(node, 'news', 10)
        await recorder.received(10)
        assert.deepEqual(recorder.data, numbers(1, 10))
      },
      { maxEvents: 10 },
    ),
  )
}

/** Publishes until the log has forgotten this id. */
async function forget(publisher: Backplane, node: Backplane, channel: string, id: string): Promise<void> {
  for (let published = 0; published < FORGETS_WITHIN; published += 100) {
    if ((await node.read(channel, id, 1)) === undefined) return
    await publishAll(publisher, channel, numbers(1, 100))
  }
  assert.fail(`a log that was asked to keep ten events has kept ${FORGETS_WITHIN}`)
}

function strangeIds(): string[] {
  return [
    'unknown',
    '0',
    '0-0',
    '99999999999999-9',
    '$',
    '+',
    '-',
    '(1-0',
    '1-*',
    '*',
    '>',
    'a b',
    'ü🚀',
    '\0',
    '~',
    '7'.repeat(8_192),
  ]
}
