import assert from 'node:assert/strict'
import { numbers, publishAll } from './recorder.js'
import type { Scenarios } from './suite.js'

const GENERATED = /^[A-Za-z0-9._-]{1,100}$/

/** Ids of entries. */
export function ids({ test, onNodes, record }: Scenarios): void {
  test(
    'each event gets a unique id of at most 100 characters that needs no escaping',
    onNodes(2, async (one, other) => {
      assert(one && other)
      const published = [...(await publishAll(one, 'news', numbers(1, 50))), ...(await publishAll(other, 'more', [1]))]
      for (const id of published) assert.match(id, GENERATED)
      assert.equal(new Set(published).size, 51)
    }),
  )

  test(
    'publish() resolves to the id that subscribers receive',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const recorder = await record(node, 'news')
      const published = await publishAll(publisher, 'news', [1, 2])
      await recorder.received(2)
      assert.deepEqual(recorder.ids, published)
    }),
  )

  test(
    'the previousId of an entry, if it has one, is the id of the entry before it',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const published = await publishAll(publisher, 'news', numbers(1, 5))
      const recorder = await record(node, 'news', 3)
      published.push(...(await publishAll(publisher, 'news', [6, 7])))
      await recorder.received(5)
      for (const entry of recorder.entries) {
        if (entry.previousId === undefined) continue
        assert.equal(entry.previousId, published[published.indexOf(entry.id) - 1])
      }
    }),
  )

  test(
    "a publisher's own id is kept, even if it occurs twice",
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const recorder = await record(node, 'news')
      const given = ['order-1', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'order-1', '1-1', '9'.repeat(128), '0']
      for (const id of given) assert.equal(await publisher.publish('news', { event: { data: 'x', id } }), id)
      const [generated] = await publishAll(publisher, 'news', ['x'])
      await recorder.received(given.length + 1)
      assert.deepEqual(recorder.ids, [...given, generated])
      for (const entry of recorder.entries.slice(0, -1)) {
        // A reader must know that the id is the publisher's: it may have any form.
        assert.equal('event' in entry && entry.event.id, entry.id)
      }
      const last = recorder.entries.at(-1)
      assert(last && 'event' in last && last.event.id === undefined)
    }),
  )
}
