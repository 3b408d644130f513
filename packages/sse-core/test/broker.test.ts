import { describe, expect, test } from '@jest/globals'
import { SseChannel, SseManager } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'
import { LateBroker } from './late-broker.js'

const DOWN = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, cause: expect.objectContaining({ message: 'down' }) }

/** Long enough for what the broker has under way. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a channel on a broker that takes its time', () => {
  test('has what is broadcast after listen() heard, and nothing from before, though it is not live yet', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('before')
    const heard = collect(channel.listen())
    void channel.broadcast('1')
    void channel.broadcast('2')
    await settle()
    void channel.broadcast('3')
    await settle()
    expect(heard.data).toEqual(['1', '2', '3'])
  })

  test('keeps the order of broadcasts that wait for it and of those that come when it is live', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel.listen())
    for (const n of numbers(1, 40)) {
      void channel.broadcast({ data: n })
      if (n % 5 === 0) await turn()
    }
    await settle()
    expect(heard.data).toEqual(numbers(1, 40))
  })

  test('replays to a loop that began before it was live', async () => {
    const broker = new LateBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    const [id] = await Promise.all(['1', '2', '3'].map((data) => publisher.broadcast(data)))
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = [collect(channel.listen({ lastEventId: id })), collect(channel.listen({ rewind: 1 }))]
    await settle()
    expect(heard.map(({ data }) => data)).toEqual([['2', '3'], ['3']])
  })

  test('asks for one subscription, however many listen', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    for (let i = 0; i < 10; i++) collect(channel)
    await settle()
    collect(channel)
    await settle()
    expect(broker.asked.subscribe).toBe(1)
    await channel.close()
    await settle()
    expect(broker.subscriptionCount).toBe(0)
  })

  test('costs its node no subscription if it only publishes, and knows its last id', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('1')
    const id = await channel.broadcast('2')
    expect(channel.lastEventId).toBe(id)
    expect(broker.asked.subscribe).toBe(0)
  })

  test('ends the loops of a channel that is closed before it is live, and leaves no subscription', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    const unused = channel.listen()
    broker.pause()
    await settle()
    await channel.close()
    await heard.over
    broker.resume()
    await settle()
    expect(broker.subscriptionCount).toBe(0)
    await expect(collect(unused).over).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('rejects broadcasts that waited for a channel that is then closed', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: () => {} })
    collect(channel)
    const waiting = channel.broadcast('1')
    await channel.close()
    await Promise.allSettled([waiting])
    // Whether it was accepted or refused: nobody is left in the dark.
    await expect(channel.broadcast('2')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })
})

describe('a broker that is down', () => {
  test('rejects broadcasts with ERR_SSE_BACKPLANE and its cause, and the channel goes on when it is up', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.broadcast('lost')).rejects.toMatchObject(DOWN)
    broker.goUp()
    await channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
  })

  test('is told to onError where nobody awaits', async () => {
    const errors: unknown[] = []
    const broker = new LateBroker()
    broker.goDown()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
    void channel.broadcast('lost')
    await settle()
    expect(errors).toMatchObject([DOWN])
  })

  test('fails the loops that wait for it, and the next one tries again', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    broker.goDown()
    const loops = [collect(channel), collect(channel)]
    for (const { over } of loops) await expect(over).rejects.toMatchObject(DOWN)
    expect(channel.subscriberCount).toBe(0)
    broker.goUp()
    const heard = collect(channel)
    await channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
    expect(broker.asked.subscribe).toBe(2)
  })

  test('refuses an end, and the channel goes on', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.end()).rejects.toMatchObject(DOWN)
    expect(channel.isClosed).toBe(false)
    broker.goUp()
    await channel.end('bye')
    await heard.over
    expect(heard.data).toEqual(['bye'])
  })
})

describe('a backplane that has lost track', () => {
  test('has live readers told of one gap, and nothing twice', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    const id = await channel.broadcast('1')
    await settle()
    broker.loseTrack()
    broker.loseTrack()
    await settle()
    const next = await channel.broadcast('2')
    await settle()
    const gaps = heard.events.filter(({ event }) => event === 'sse-gap')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]?.data).toMatchObject({ lastEventId: id })
    expect(heard.data.filter((data) => typeof data === 'string')).toEqual(['1', '2'])
    // The id of the gap is a place to come back to.
    const back = collect(channel.listen({ lastEventId: gaps[0]?.id }))
    await settle()
    expect(back.ids).toEqual([next])
  })

  test('has who comes back from before it told of it where it was', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    collect(channel)
    const id = await channel.broadcast('1')
    await channel.broadcast('2')
    await settle()
    broker.loseTrack()
    const after = await channel.broadcast('3')
    await settle()
    const back = collect(channel.listen({ lastEventId: id }))
    await settle()
    expect(back.events).toMatchObject([
      { data: '2' },
      { event: 'sse-gap', data: { oldestId: after } },
      { data: '3', id: after },
    ])
  })

  test('with its data gone has everybody told once', async () => {
    const broker = new LateBroker()
    const [one, other] = [broker.node(), broker.node()].map((backplane) => new SseChannel('news', { backplane }))
    const heard = [one, other].map((channel) => collect(channel as SseChannel))
    await settle()
    const id = await one?.broadcast('1')
    await settle()
    broker.wipe()
    await settle()
    await one?.broadcast('2')
    await settle()
    for (const { events } of heard) {
      expect(events.map(({ event, data }) => event ?? data)).toEqual(['1', 'sse-gap', '2'])
    }
    const late = collect(new SseChannel('news', { backplane: broker.node() }).listen({ lastEventId: id }))
    await settle()
    expect(late.events.map(({ event, data }) => event ?? data)).toEqual(['sse-gap', '2'])
  })
})

test('an entry that cannot be written is a gap in its place, told to onError, and the channel goes on', async () => {
  const errors: unknown[] = []
  const broker = new LateBroker()
  const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
  const heard = collect(channel)
  await channel.broadcast('1')
  broker.inject('news', { id: 'foreign', at: Date.now(), event: { event: 'a\nb', data: 'x' } })
  await channel.broadcast('2')
  await settle()
  expect(heard.events.map(({ event, data }) => event ?? data)).toEqual(['1', 'sse-gap', '2'])
  expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
})

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

  test('that cannot be read, the broker being down, is a gap too, and onError hears why', async () => {
    const { broker, channel, ids, errors } = await stage(20)
    broker.goDown()
    const heard = collect(channel.listen({ lastEventId: ids[2] }))
    await settle()
    expect(heard.events.map(({ event, data }) => event ?? data)).toEqual(['sse-gap', 18, 19, 20])
    expect(errors).toMatchObject([DOWN])
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
})
