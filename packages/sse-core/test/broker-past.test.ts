import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, respond, SseChannel, SseManager } from '@ssekit/sse-core'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import { collect, take, turn } from './collecting.js'
import { LateBroker, settle } from './late-broker.js'

const DOWN = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, cause: expect.objectContaining({ message: 'down' }) }

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe("an id that is older than the node's log", () => {
  async function stage(published: number, { local = 3, shared = 1_000 } = {}) {
    const broker = new LateBroker(shared)
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
    // The node is live, and has its few entries.
    collect(channel)
    await settle()
    return { broker, publisher, channel, ids, errors }
  }

  test('is read up to the log page by page, then goes on live', async () => {
    const { broker, publisher, channel, ids } = await stage(250)
    const heard = collect(channel.listen({ lastEventId: ids[10] }))
    await settle()
    await publisher.broadcast({ data: 251 })
    await settle()
    await settle()
    expect(heard.data).toEqual(numbers(11, 251))
    expect(broker.asked.read).toBeGreaterThan(1)
  })

  test('is read though more is published all the time than the log keeps', async () => {
    const { publisher, channel, ids } = await stage(120)
    const heard = collect(channel.listen({ lastEventId: ids[1] }))
    for (const data of numbers(121, 200)) {
      await publisher.broadcast({ data })
      await turn()
    }
    await settle()
    expect(heard.data).toEqual(numbers(2, 200))
  })

  test('is not asked for where the log itself knows it', async () => {
    const { broker, channel, ids } = await stage(10)
    for (const start of [7, 8, 9, 10]) {
      const heard = collect(channel.listen({ lastEventId: ids[start] }))
      await turn()
      expect(heard.data).toEqual(numbers(start + 1, 10))
    }
    expect(broker.asked.read).toBe(0)
  })

  test('that the broker does not have either is a gap, then what the node has', async () => {
    const { channel, ids, errors } = await stage(20, { shared: 10 })
    for (const lastEventId of [ids[2] as string, 'unknown']) {
      const heard = collect(channel.listen({ lastEventId }))
      await settle()
      expect(heard.events[0]).toMatchObject({ event: 'sse-gap', data: { lastEventId } })
      expect(heard.data.slice(1)).toEqual([18, 19, 20])
    }
    expect(errors).toEqual([])
  })

  test('that cannot be read, the broker being down, fails the loop, and the next one has missed nothing', async () => {
    const { broker, channel, ids, errors } = await stage(20)
    broker.goDown()
    const heard = collect(channel.listen({ lastEventId: ids[2] }))
    await expect(heard.over).rejects.toMatchObject(DOWN)
    expect(heard.events).toEqual([])
    broker.goUp()
    const again = collect(channel.listen({ lastEventId: ids[2] }))
    await settle()
    expect(again.data).toEqual(numbers(3, 20))
    expect(errors).toEqual([])
  })

  test('that cannot be read ends the stream, and the client comes back with it and has missed nothing', async () => {
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

  test('is read past an entry that cannot be written, which is a gap in its place, and onError hears why', async () => {
    const { broker, publisher, channel, ids, errors } = await stage(5)
    broker.inject('news', { id: 'foreign', at: Date.now(), event: { id: 'a\0', data: 'x' } })
    for (const data of numbers(6, 15)) await publisher.broadcast({ data })
    await settle()
    errors.length = 0
    const heard = collect(channel.listen({ lastEventId: ids[4] }))
    await settle()
    expect(heard.events.map(({ event, data }) => event ?? data)).toEqual([5, 'sse-gap', ...numbers(6, 15)])
    expect(heard.events[1]).toMatchObject({ id: 'foreign', data: { lastEventId: ids[5], oldestId: heard.ids[2] } })
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })

  test('that is evicted by the broker between two pages is a gap where it is', async () => {
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

  test('that its publisher has given twice goes on after the older one', async () => {
    const broker = new LateBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    for (const id of ['a', 'b', 'c', 'a', 'd']) await publisher.broadcast({ id, data: id })
    const channel = new SseManager({ backplane: broker.node(), history: { maxEvents: 2 } }).getOrCreate('news')
    collect(channel)
    await settle()
    const heard = collect(channel.listen({ lastEventId: 'a' }))
    await settle()
    expect(heard.data).toEqual(['b', 'c', 'a', 'd'])
  })

  test('is not mistaken for the newer of two equal ones while the past is read', async () => {
    const broker = new LateBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    for (const id of ['first', 'a', 'b', 'c', 'a', 'd']) await publisher.broadcast({ id, data: id })
    const channel = new SseManager({ backplane: broker.node(), history: { maxEvents: 2 } }).getOrCreate('news')
    collect(channel)
    await settle()
    const heard = collect(channel.listen({ lastEventId: 'first' }))
    await settle()
    expect(heard.data).toEqual(['a', 'b', 'c', 'a', 'd'])
  })

  test('and behind which the channel has ended is read to its end', async () => {
    const { publisher, channel, ids } = await stage(20)
    await publisher.end({ data: 21 })
    await settle()
    const heard = collect(channel.listen({ lastEventId: ids[2] }))
    await heard.over
    expect(heard.data).toEqual(numbers(3, 21))
  })

  test('is no gap where it is newer than what this node has heard of', async () => {
    const memory = memoryBackplane()
    // News takes its time to this node, while answers come at once.
    const lagging: Backplane = {
      ...memory,
      subscribe: (name, options, sink) =>
        memory.subscribe(name, options, { ...sink, entry: (entry) => void settle().then(() => sink.entry(entry)) }),
    }
    const channel = new SseChannel('news', { backplane: lagging })
    collect(channel)
    await settle()
    const id = await memory.publish('news', { event: { data: 1 } })
    const heard = collect(channel.listen({ lastEventId: id }))
    await turn()
    expect(heard.events).toEqual([])
    await settle()
    await memory.publish('news', { event: { data: 2 } })
    await settle()
    await settle()
    expect(heard.data).toEqual([2])
  })
})
