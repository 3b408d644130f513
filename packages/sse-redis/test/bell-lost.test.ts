import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { ConnectionPredicate } from '@ssekit/sse-testkit'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

/** A node's connection for subscriptions. */
const isBell: ConnectionPredicate = ({ sent }) => /subscribe/i.test(sent)

describe.each(everyClient)('%s: messages that Pub/Sub loses', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  /** A node whose bell can be lost, one that hears everything, and who publishes. */
  const setUp = async (compareMs?: number) => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, other, publisher] = await Promise.all([stage.node({ via, compareMs }), stage.node(), stage.node()])
    const [loop, whole] = await Promise.all([stage.listen(node, 'news'), stage.listen(other, 'news')])
    const publish = async (...all: number[]): Promise<void> => {
      for (const data of all) await publisher.backplane.publish('news', { event: { data } })
      await whole.hears(all.at(-1))
    }
    /** Publishes what the node's bell does not say. */
    const lose = async (...all: number[]): Promise<void> => {
      const before = via.discardedBytes
      via.discardReplies(isBell)
      await publish(...all)
      // Each is a little more than 150 bytes.
      await until(() => via.discardedBytes > before + 170 * (all.length - 1), 'lost messages')
      via.passReplies()
    }
    return { loop, whole, publish, lose, via }
  }

  test('one in the middle is noticed with the next, and read', async () => {
    // It never compares.
    const { loop, publish, lose } = await setUp(0)
    await publish(1, 2)
    await loop.hears(2)
    await lose(3, 4)
    expect(loop.data).toEqual([1, 2])
    await publish(5)
    await loop.hears(5)
    await lose(6)
    await publish(7, 8)
    await loop.hears(8)
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(loop.gaps).toEqual([])
  })

  test('the last one of a burst, and then silence: found by comparison', async () => {
    const { loop, publish, lose } = await setUp(100)
    await publish(1, 2)
    await lose(3)
    await loop.hears(3)
    await lose(4, 5, 6)
    await loop.hears(6)
    await publish(7)
    await loop.hears(7)
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(loop.gaps).toEqual([])
  })

  test('by default that takes eight seconds at most', async () => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'nextTick', 'performance', 'setImmediate', 'setTimeout', 'queueMicrotask'],
    })
    try {
      const { loop, publish, lose } = await setUp()
      await publish(1)
      await loop.hears(1)
      await lose(2)
      jest.advanceTimersByTime(8_000)
      await loop.hears(2)
      expect(loop.gaps).toEqual([])
    } finally {
      jest.useRealTimers()
    }
  })

  test('the end of a channel, too', async () => {
    const { loop, whole, publish, via } = await setUp(100)
    await publish(1)
    await loop.hears(1)
    via.discardReplies(isBell)
    await (await stage.node()).manager.getOrCreate('news').end('bye')
    await whole.over
    await loop.over
    expect(loop.data).toEqual([1, 'bye'])
  })

  test('all of them, for as long as it lasts: a subscriber is late and nothing more', async () => {
    const { loop, publish, via } = await setUp(50)
    via.discardReplies(isBell)
    for (const data of [1, 2, 3, 4, 5, 6]) {
      await publish(data)
      await loop.hears(data)
    }
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6])
    expect(loop.gaps).toEqual([])
  })

  test('half of them, at random, of many channels: every channel has all of its events', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, publisher] = await Promise.all([stage.node({ via, compareMs: 100 }), stage.node()])
    const names = Array.from({ length: 20 }, (_, index) => `channel ${index}`)
    const loops = await Promise.all(names.map((name) => stage.listen(node, name)))
    via.discardReplies((connection) => isBell(connection) && Math.random() < 0.5)
    const numbers = Array.from({ length: 50 }, (_, index) => index)
    for (const data of numbers) {
      await Promise.all(names.map((name) => publisher.backplane.publish(name, { event: { data } })))
    }
    await Promise.all(loops.map((loop) => loop.hears(numbers.at(-1))))
    expect(via.discardedBytes).toBeGreaterThan(0)
    for (const loop of loops) {
      expect(loop.data).toEqual(numbers)
      expect(loop.gaps).toEqual([])
    }
  })
})
