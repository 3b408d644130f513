import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, respond, SseChannel, SseManager } from '@ssekit/sse-core'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import { collect, take, turn } from './collecting.js'
import { SlowBroker, settle } from './slow-broker.js'

const DOWN = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, cause: expect.objectContaining({ message: 'down' }) }

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a reader that resumes', () => {
  async function stage(published: number, { local = 3, shared = 1_000 } = {}) {
    const broker = new SlowBroker(shared)
    const errors: unknown[] = []
    const publisher = new SseChannel('news', { backplane: broker.node() })
    const ids = ['']
    for (const data of numbers(1, published)) ids.push(await publisher.broadcast({ data }))
    const manager = new SseManager({
      backplane: broker.node(),
      history: { maxEvents: local },
      onError: (error) => errors.push(error),
    })
    const channel = manager.getOrCreate('news')
    // Subscribes the node, which then retains only the newest entries.
    collect(channel)
    await settle()
    return { broker, publisher, channel, ids, errors }
  }

  test("receives events older than the node's log from the backplane page by page, then live events", async () => {
    const { broker, publisher, channel, ids } = await stage(250)
    const received = collect(channel.listen({ lastEventId: ids[10] }))
    await settle()
    await publisher.broadcast({ data: 251 })
    await settle()
    await settle()
    expect(received.data).toEqual(numbers(11, 251))
    expect(broker.asked.read).toBeGreaterThan(1)
  })

  test('receives large events in pages of few, so that a slow reader does not keep many of them', async () => {
    const backplane = memoryBackplane({ history: { maxBytes: Number.POSITIVE_INFINITY } })
    const limits: number[] = []
    const recording: Backplane = {
      ...backplane,
      read: (name, afterId, limit) => {
        limits.push(limit)
        return backplane.read(name, afterId, limit)
      },
    }
    const channel = new SseChannel('news', { backplane: recording, history: { maxEvents: 1 } })
    const ids: string[] = []
    for (const number of numbers(1, 40)) ids.push(await channel.broadcast({ data: `${number} ${'x'.repeat(60_000)}` }))
    for (const number of numbers(41, 140)) await channel.broadcast({ data: `${number}` })
    const received = collect(channel.listen({ lastEventId: ids[0] }))
    await settle()
    expect(received.data.map((data) => Number.parseInt(String(data), 10))).toEqual(numbers(2, 140))
    expect(limits.slice(1, 10).every((limit) => limit <= 2)).toBe(true)
    // Small ones are read in larger pages again.
    expect(limits.at(-1)).toBe(100)
    await channel.close()
  })

  test('receives every event once, though more are published meanwhile than the log retains', async () => {
    const { publisher, channel, ids } = await stage(120)
    const received = collect(channel.listen({ lastEventId: ids[1] }))
    for (const data of numbers(121, 200)) {
      await publisher.broadcast({ data })
      await turn()
    }
    await settle()
    expect(received.data).toEqual(numbers(2, 200))
  })

  test("causes no read of the backplane if the node's log knows its id", async () => {
    const { broker, channel, ids } = await stage(10)
    for (const start of [7, 8, 9, 10]) {
      const received = collect(channel.listen({ lastEventId: ids[start] }))
      await turn()
      expect(received.data).toEqual(numbers(start + 1, 10))
    }
    expect(broker.asked.read).toBe(0)
  })

  test("receives an sse-gap, then the node's events, if the broker does not know its id either", async () => {
    const { channel, ids, errors } = await stage(20, { shared: 10 })
    for (const lastEventId of [ids[2] as string, 'unknown']) {
      const received = collect(channel.listen({ lastEventId }))
      await settle()
      expect(received.events[0]).toMatchObject({ event: 'sse-gap', data: { lastEventId } })
      expect(received.data.slice(1)).toEqual([18, 19, 20])
    }
    expect(errors).toEqual([])
  })

  test('rejects if the broker is down, and a later loop with the same id misses nothing', async () => {
    const { broker, channel, ids, errors } = await stage(20)
    broker.goDown()
    const received = collect(channel.listen({ lastEventId: ids[2] }))
    await expect(received.over).rejects.toMatchObject(DOWN)
    expect(received.events).toEqual([])
    broker.goUp()
    const again = collect(channel.listen({ lastEventId: ids[2] }))
    await settle()
    expect(again.data).toEqual(numbers(3, 20))
    expect(errors).toEqual([])
  })

  test('over HTTP is disconnected if the broker is down, and misses nothing when it reconnects', async () => {
    const { broker, channel, ids, errors } = await stage(20)
    const reasons: unknown[] = []
    const server = createServer((req, res) => {
      respond(req, res, channel, { onClose: (reason) => reasons.push(reason) }).catch(() => {})
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const read = (): Promise<EventReader> =>
      readEvents(`http://127.0.0.1:${port}`, { headers: { 'last-event-id': ids[2] as string } })
    try {
      broker.goDown()
      const refused = await read()
      expect(await refused.ended).toBe('complete')
      expect(refused.events).toEqual([])
      expect(reasons).toEqual(['error'])
      expect(errors).toMatchObject([DOWN])
      broker.goUp()
      const again = await read()
      const events = await again.take(18)
      again.abort()
      expect(events.map(({ data }) => Number(data))).toEqual(numbers(3, 20))
    } finally {
      await channel.close()
      server.close()
    }
  })

  test('receives an sse-gap in place of an entry that cannot be written, which is reported to onError', async () => {
    const { broker, publisher, channel, ids, errors } = await stage(5)
    broker.inject('news', { id: 'foreign', at: Date.now(), event: { id: 'a\0', data: 'x' } })
    for (const data of numbers(6, 15)) await publisher.broadcast({ data })
    await settle()
    errors.length = 0
    const received = collect(channel.listen({ lastEventId: ids[4] }))
    await settle()
    expect(received.events.map(({ event, data }) => event ?? data)).toEqual([5, 'sse-gap', ...numbers(6, 15)])
    expect(received.events[1]).toMatchObject({
      id: 'foreign',
      data: { lastEventId: ids[5], oldestId: received.ids[2] },
    })
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })

  test('receives an sse-gap where the broker evicted events between two pages', async () => {
    const { publisher, channel, ids } = await stage(300, { shared: 300 })
    const iterator = channel.listen({ lastEventId: ids[10] })[Symbol.asyncIterator]()
    expect((await take(iterator, 1))[0]?.data).toBe(11)
    for (const data of numbers(301, 550)) void publisher.broadcast({ data })
    await settle()
    await settle()
    const events = await take(iterator, 99 + 1 + 3)
    expect(events.slice(0, 99).map(({ data }) => data)).toEqual(numbers(12, 110))
    expect(events[99]).toMatchObject({ event: 'sse-gap', data: { lastEventId: ids[110] } })
    expect(events.slice(100).map(({ data }) => data)).toEqual([548, 549, 550])
    await iterator.return?.()
  })

  test('continues after the older event if a publisher used its id twice', async () => {
    const broker = new SlowBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    for (const id of ['a', 'b', 'c', 'a', 'd']) await publisher.broadcast({ id, data: id })
    const channel = new SseManager({ backplane: broker.node(), history: { maxEvents: 2 } }).getOrCreate('news')
    collect(channel)
    await settle()
    const received = collect(channel.listen({ lastEventId: 'a' }))
    await settle()
    expect(received.data).toEqual(['b', 'c', 'a', 'd'])
  })

  test("misses nothing between two events with the same id, of which only the newer is in the node's log", async () => {
    const broker = new SlowBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    for (const id of ['first', 'a', 'b', 'c', 'a', 'd']) await publisher.broadcast({ id, data: id })
    const channel = new SseManager({ backplane: broker.node(), history: { maxEvents: 2 } }).getOrCreate('news')
    collect(channel)
    await settle()
    const received = collect(channel.listen({ lastEventId: 'first' }))
    await settle()
    expect(received.data).toEqual(['a', 'b', 'c', 'a', 'd'])
  })

  test('receives all remaining events of an ended channel, then its loop ends', async () => {
    const { publisher, channel, ids } = await stage(20)
    await publisher.end({ data: 21 })
    await settle()
    const received = collect(channel.listen({ lastEventId: ids[2] }))
    await received.over
    expect(received.data).toEqual(numbers(3, 21))
  })

  test.each([
    ['the node has just evicted a newer one', 0],
    ['a newer one came just before those that the node has read', 4],
  ])('starts after the oldest event with its id, though %s', async (_what, before) => {
    const memory = memoryBackplane()
    const channel = new SseChannel('news', { backplane: memory, history: { maxEvents: 1 } })
    for (const [index, id] of ['a', 'b', 'a', 'c'].entries()) {
      if (index === before) collect(channel)
      await memory.publish('news', { event: { id, data: index + 1 } })
      await turn()
    }
    collect(channel)
    await settle()
    const received = collect(channel.listen({ lastEventId: 'a' }))
    await settle()
    expect(received.data).toEqual([2, 3, 4])
  })

  test('gets no sse-gap if its node retains what the backplane has evicted', async () => {
    const memory = memoryBackplane({ history: { maxEvents: 1 } })
    const channel = new SseChannel('news', { backplane: memory, history: { maxEvents: 3 } })
    collect(channel)
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      await memory.publish('news', { event: { id, data: index + 1 } })
      await turn()
    }
    const received = collect(channel.listen({ lastEventId: 'a' }))
    await settle()
    expect(received.data).toEqual([2, 3])
  })

  /** A backplane from which new entries reach this node late, while reads are answered at once. */
  function lagging(backplane: Backplane): Backplane {
    return {
      ...backplane,
      subscribe: (name, options, sink) =>
        backplane.subscribe(name, options, { ...sink, entry: (entry) => void settle().then(() => sink.entry(entry)) }),
    }
  }

  test('receives no sse-gap if its id is newer than the events that reached this node', async () => {
    const memory = memoryBackplane()
    const channel = new SseChannel('news', { backplane: lagging(memory) })
    collect(channel)
    await settle()
    const id = await memory.publish('news', { event: { data: 1 } })
    const received = collect(channel.listen({ lastEventId: id }))
    await turn()
    expect(received.events).toEqual([])
    await settle()
    await memory.publish('news', { event: { data: 2 } })
    await settle()
    await settle()
    expect(received.data).toEqual([2])
  })

  test('receives an event once that reaches this node later, though an older event has the same id', async () => {
    const memory = memoryBackplane()
    const channel = new SseChannel('news', { backplane: lagging(memory) })
    await memory.publish('news', { event: { id: 'a', data: 1 } })
    collect(channel)
    await settle()
    await settle()
    await memory.publish('news', { event: { id: 'a', data: 2 } })
    const received = collect(channel.listen({ lastEventId: 'a' }))
    await settle()
    await settle()
    await memory.publish('news', { event: { data: 3 } })
    await settle()
    await settle()
    expect(received.data).toEqual([2, 3])
  })
})
