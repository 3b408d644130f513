import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { ConnectionPredicate } from '@ssekit/sse-testkit'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

/** Selects a node's connection for subscriptions. */
const isBell: ConnectionPredicate = ({ sent }) => /subscribe/i.test(sent)

describe.each(everyClient)('%s: if Pub/Sub loses messages,', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  /** A node whose bell can lose messages, one that receives all, and a publisher. */
  const setUp = async (compareMs?: number) => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, other, publisher] = await Promise.all([stage.node({ via, compareMs }), stage.node(), stage.node()])
    const [loop, whole] = await Promise.all([stage.listen(node, 'news'), stage.listen(other, 'news')])
    const publish = async (...all: number[]): Promise<void> => {
      for (const data of all) await publisher.backplane.publish('news', { event: { data } })
      await whole.receives(all.at(-1))
    }
    /** Publishes events whose notifications the node does not receive. */
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

  test('a node notices a lost message with the next one, and reads the missed events', async () => {
    // It never compares.
    const { loop, publish, lose } = await setUp(0)
    await publish(1, 2)
    await loop.receives(2)
    await lose(3, 4)
    expect(loop.data).toEqual([1, 2])
    await publish(5)
    await loop.receives(5)
    await lose(6)
    await publish(7, 8)
    await loop.receives(8)
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(loop.gaps).toEqual([])
  })

  test('a node finds the lost last messages of a burst by comparison', async () => {
    const { loop, publish, lose } = await setUp(100)
    await publish(1, 2)
    await lose(3)
    await loop.receives(3)
    await lose(4, 5, 6)
    await loop.receives(6)
    await publish(7)
    await loop.receives(7)
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(loop.gaps).toEqual([])
  })

  test('a node finds a lost last message within eight seconds by default', async () => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'nextTick', 'performance', 'setImmediate', 'setTimeout', 'queueMicrotask'],
    })
    try {
      const { loop, publish, lose } = await setUp()
      await publish(1)
      await loop.receives(1)
      await lose(2)
      jest.advanceTimersByTime(8_000)
      await loop.receives(2)
      expect(loop.gaps).toEqual([])
    } finally {
      jest.useRealTimers()
    }
  })

  test('a node finds the end of a channel by comparison', async () => {
    const { loop, whole, publish, via } = await setUp(100)
    await publish(1)
    await loop.receives(1)
    via.discardReplies(isBell)
    await (await stage.node()).manager.getOrCreate('news').end('bye')
    await whole.over
    await loop.over
    expect(loop.data).toEqual([1, 'bye'])
  })

  test('a subscriber receives every event by comparison, even if all messages are lost', async () => {
    const { loop, publish, via } = await setUp(50)
    via.discardReplies(isBell)
    for (const data of [1, 2, 3, 4, 5, 6]) {
      await publish(data)
      await loop.receives(data)
    }
    expect(loop.data).toEqual([1, 2, 3, 4, 5, 6])
    expect(loop.gaps).toEqual([])
  })

  test('each of many channels receives all its events, even if half of the messages are lost at random', async () => {
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
    await Promise.all(loops.map((loop) => loop.receives(numbers.at(-1))))
    expect(via.discardedBytes).toBeGreaterThan(0)
    for (const loop of loops) {
      expect(loop.data).toEqual(numbers)
      expect(loop.gaps).toEqual([])
    }
  })
})
