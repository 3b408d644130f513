import assert from 'node:assert/strict'
import { numbers, publishAll } from './hearing.js'
import type { Scenarios } from './suite.js'

const GENERATED = /^[A-Za-z0-9._-]{1,100}$/

/** The log names its positions. */
export function ids({ test, onNodes, hear }: Scenarios): void {
  test(
    'the log gives each event an id of its own, which needs no escaping and stays below 100 characters',
    onNodes(2, async (one, other) => {
      assert(one && other)
      const published = [...(await publishAll(one, 'news', numbers(1, 50))), ...(await publishAll(other, 'more', [1]))]
      for (const id of published) assert.match(id, GENERATED)
      assert.equal(new Set(published).size, 51)
    }),
  )

  test(
    'the publisher is told the id that everybody hears',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const hearing = await hear(node, 'news')
      const published = await publishAll(publisher, 'news', [1, 2])
      await hearing.heard(2)
      assert.deepEqual(hearing.ids, published)
    }),
  )

  test(
    'an entry that names the one before it names the right one; it need not name any',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const published = await publishAll(publisher, 'news', numbers(1, 5))
      const hearing = await hear(node, 'news', 3)
      published.push(...(await publishAll(publisher, 'news', [6, 7])))
      await hearing.heard(5)
      for (const entry of hearing.entries) {
        if (entry.previousId === undefined) continue
        assert.equal(entry.previousId, published[published.indexOf(entry.id) - 1])
      }
    }),
  )

  test(
    'the id of a publisher is kept, even if it occurs twice',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      const hearing = await hear(node, 'news')
      const given = ['order-1', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'order-1', '1-1', '9'.repeat(128), '0']
      for (const id of given) assert.equal(await publisher.publish('news', { event: { data: 'x', id } }), id)
      const [generated] = await publishAll(publisher, 'news', ['x'])
      await hearing.heard(given.length + 1)
      assert.deepEqual(hearing.ids, [...given, generated])
      for (const entry of hearing.entries.slice(0, -1)) {
        // A reader must know that the id is the publisher's: it may have any form.
        assert.equal('event' in entry && entry.event.id, entry.id)
      }
      const last = hearing.entries.at(-1)
      assert(last && 'event' in last && last.event.id === undefined)
    }),
  )
}
