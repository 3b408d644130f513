import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Backplane, type HistoryLimits, memoryBackplane, SseChannel, SseManager } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'

const FRAME = Buffer.byteLength('id: a\ndata: 1\n\n')

async function retained(channel: SseChannel): Promise<unknown[]> {
  await turn()
  await turn()
  const received = collect(channel.listen({ rewind: Number.POSITIVE_INFINITY }))
  await turn()
  return received.data
}

async function channelWith(history: HistoryLimits, count: number): Promise<SseChannel> {
  const channel = new SseChannel('news', { history })
  for (let data = 1; data <= count; data++) await channel.broadcast({ id: String.fromCharCode(96 + data), data })
  return channel
}

describe('a channel', () => {
  test('retains at most maxEvents events', async () => {
    expect(await retained(await channelWith({ maxEvents: 3 }, 5))).toEqual([3, 4, 5])
    expect(await retained(await channelWith({ maxEvents: 0 }, 5))).toEqual([])
  })

  test('retains at most maxBytes of encoded events', async () => {
    expect(await retained(await channelWith({ maxBytes: 3 * FRAME }, 5))).toEqual([3, 4, 5])
    expect(await retained(await channelWith({ maxBytes: 3 * FRAME - 1 }, 5))).toEqual([4, 5])
    expect(await retained(await channelWith({ maxBytes: 0 }, 5))).toEqual([])
  })

  test('retains 1000 events by default', async () => {
    const channel = new SseChannel('news')
    for (let data = 1; data <= 1_005; data++) await channel.broadcast({ data })
    expect((await retained(channel))[0]).toBe(6)
  })

  test('retains 1 MiB by default', async () => {
    const channel = new SseChannel('news')
    const data = 'x'.repeat(2 ** 18)
    for (let i = 0; i < 6; i++) await channel.broadcast({ id: 'a', data })
    // With their ids, four events of 256 KiB take a little more than 1 MiB.
    expect(await retained(channel)).toHaveLength(3)
  })

  test.each([
    ['maxEvents', -1],
    ['maxBytes', Number.NaN],
    ['maxAgeMs', -5],
    ['maxAgeMs', '9'],
  ])('refuses history.%s of %p with a RangeError that names the value', (key, value) => {
    const make = (): unknown => Reflect.construct(SseChannel, ['news', { history: { [key]: value } }])
    expect(make).toThrow(RangeError)
    expect(make).toThrow(`history.${key} must be a number, 0 or more, not ${inspect(value)}`)
  })
})

describe('a channel whose events get older', () => {
  let passedMs: number
  let setMs: number
  beforeEach(() => {
    passedMs = 0
    setMs = 0
    const [wallMs, runningMs] = [Date.now(), performance.now()]
    jest.spyOn(Date, 'now').mockImplementation(() => wallMs + passedMs + setMs)
    jest.spyOn(performance, 'now').mockImplementation(() => runningMs + passedMs)
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('evicts events older than maxAgeMs', async () => {
    const channel = new SseChannel('news', { history: { maxAgeMs: 1_000 } })
    await channel.broadcast('1')
    passedMs += 600
    await channel.broadcast('2')
    passedMs += 400
    expect(await retained(channel)).toEqual(['1', '2'])
    passedMs += 1
    expect(await retained(channel)).toEqual(['2'])
  })

  test('evicts all events older than maxAgeMs at the next broadcast', async () => {
    const manager = new SseManager({ history: { maxAgeMs: 1_000, maxEvents: 3 } })
    const channel = manager.getOrCreate('news')
    for (const data of [1, 2, 3]) void channel.broadcast({ id: 'a', data })
    await turn()
    passedMs += 1_001
    void channel.broadcast({ id: 'a', data: 4 })
    await turn()
    expect(manager.stats().historyBytes).toBe(FRAME)
  })

  test('evicts events after five minutes by default', async () => {
    const channel = new SseChannel('news')
    await channel.broadcast('1')
    passedMs += 300_000
    expect(await retained(channel)).toEqual(['1'])
    passedMs += 1
    expect(await retained(channel)).toEqual([])
  })

  test('evicts events older than maxAgeMs, even if the backplane retains them', async () => {
    const backplane = memoryBackplane()
    await new SseManager({ backplane }).getOrCreate('news').broadcast('1')
    passedMs += 1_001
    const manager = new SseManager({ backplane, history: { maxAgeMs: 1_000 } })
    expect(await retained(manager.getOrCreate('news'))).toEqual([])
  })

  test('sends an sse-gap to a reader that resumes after the missed events were evicted', async () => {
    const channel = new SseChannel('news')
    const id = await channel.broadcast('1')
    await channel.broadcast('2')
    await turn()
    passedMs += 300_001
    const received = collect(channel.listen({ lastEventId: id }))
    await turn()
    expect(received.events).toMatchObject([{ event: 'sse-gap', data: { lastEventId: id, oldestId: null } }])
  })

  test.each([-3_600_000, 3_600_000])(
    'evicts events by their real age, even if the system clock is changed by %p ms',
    async (jumpMs) => {
      const backplane = memoryBackplane()
      const history = { maxAgeMs: 1_000 }
      const channels = [new SseChannel('news', { history }), new SseManager({ backplane, history }).getOrCreate('news')]
      const loops = channels.map((channel) => collect(channel))
      await turn()
      for (const channel of channels) await channel.broadcast('1')
      setMs = jumpMs
      passedMs += 900
      for (const channel of channels) expect(await retained(channel)).toEqual(['1'])
      for (const channel of channels) await channel.broadcast('2')
      passedMs += 101
      for (const channel of channels) expect(await retained(channel)).toEqual(['2'])
      expect(loops.map(({ data }) => data)).toEqual([
        ['1', '2'],
        ['1', '2'],
      ])
    },
  )

  test('does not retain an event longer because the backplane dates it in the future', async () => {
    const backplane = memoryBackplane()
    const later: Backplane = {
      ...backplane,
      subscribe: (channel, start, sink) =>
        backplane.subscribe(channel, start, {
          ...sink,
          entry: (entry) => sink.entry({ ...entry, at: entry.at + 3_600_000 }),
        }),
    }
    const manager = new SseManager({ backplane: later, history: { maxAgeMs: 1_000 } })
    const channel = manager.getOrCreate('news')
    collect(channel)
    await turn()
    await channel.broadcast('1')
    passedMs += 1_000
    expect(await retained(channel)).toEqual(['1'])
    passedMs += 1
    expect(await retained(channel)).toEqual([])
  })
})

/** Broadcasts a burst in one turn, and returns the types of the events that a loop receives. */
async function typesOfBurst({ count, bytes }: { count: number; bytes: number }): Promise<unknown[]> {
  const channel = new SseChannel('news', { history: { maxEvents: 5 } })
  const received = collect(channel)
  const data = 'x'.repeat(bytes)
  for (let n = 0; n < count; n++) void channel.broadcast({ data })
  await turn()
  return received.events.map(({ event }) => event)
}

describe('a burst longer than the history', () => {
  test('reaches a loop that keeps up without loss', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 5 } })
    const received = collect(channel)
    for (let data = 0; data < 1_000; data++) void channel.broadcast({ data })
    await turn()
    expect(received.data).toEqual(Array.from({ length: 1_000 }, (_, data) => data))
  })

  test('reaches a loop that keeps up without loss, even if another reader starts meanwhile', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 5 } })
    const received = collect(channel)
    for (let data = 0; data < 100; data++) void channel.broadcast({ data })
    const late = collect(channel.listen({ rewind: 5 }))
    await turn()
    expect(received.data).toEqual(Array.from({ length: 100 }, (_, data) => data))
    expect(late.data).toEqual([95, 96, 97, 98, 99])
  })

  test.each([
    ['10 000 events', { count: 9_000, bytes: 1 }],
    ['16 MiB', { count: 30, bytes: 512 * 1024 }],
  ])('by less than %s is retained until readers had a turn of the event loop', async (_limit, burst) => {
    const received = await typesOfBurst(burst)
    expect(received).toHaveLength(burst.count)
    expect(received).not.toContain('sse-gap')
  })

  test.each([
    ['10 000 events', { count: 11_000, bytes: 1 }],
    ['16 MiB', { count: 40, bytes: 512 * 1024 }],
  ])('by more than %s is evicted at once, and readers receive one sse-gap', async (_limit, burst) => {
    const received = await typesOfBurst(burst)
    expect(received.filter((event) => event === 'sse-gap')).toHaveLength(1)
  })

  test('gives a loop that falls behind an sse-gap, then the retained events', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    const iterator = channel[Symbol.asyncIterator]()
    const first = iterator.next()
    const ids: string[] = []
    for (let data = 0; data < 10; data++) ids.push(await channel.broadcast({ data }))
    await turn()
    await turn()
    expect((await first).value?.data).toBe(0)
    expect(await take(iterator, 4)).toMatchObject([
      { event: 'sse-gap', id: ids[6], data: { lastEventId: ids[0], oldestId: ids[7] } },
      { data: 7, id: ids[7] },
      { data: 8 },
      { data: 9 },
    ])
    // Then the loop continues with live events.
    void channel.broadcast({ data: 10 })
    expect(await take(iterator, 1)).toMatchObject([{ data: 10 }])
  })
})

describe('the events that a new reader asks for', () => {
  const FIRST = [1, 2, 3]

  async function channelOfThree(manager = new SseManager({ history: { maxEvents: 3 } })): Promise<SseChannel> {
    const channel = manager.getOrCreate('news')
    for (const data of FIRST) void channel.broadcast({ id: 'a', data })
    await turn()
    await turn()
    return channel
  }

  test("reach it even if a 'subscribe' listener broadcasts when it starts", async () => {
    const channel = await channelOfThree()
    const greet = (): void => void channel.broadcast({ data: 4 })
    channel.on('subscribe', greet)
    const received = collect(channel.listen({ rewind: 3 }))
    channel.off('subscribe', greet)
    await turn()
    expect(received.data).toEqual([1, 2, 3, 4])
    // After that, the limit applies again.
    expect(await retained(channel)).toEqual([2, 3, 4])
  })

  test('reach it even if another reader asks for fewer', async () => {
    const channel = await channelOfThree()
    channel.on('subscribe', () => void channel.broadcast({ data: 4 }))
    const far = channel.listen({ rewind: 3 })
    const near = collect(channel.listen({ rewind: 1 }))
    const received = collect(far)
    await turn()
    expect(received.data).toEqual([1, 2, 3, 4, 4])
    expect(near.data).toEqual([3, 4, 4])
  })

  test('reach it even if another channel exceeds maxHistoryBytes before it reads', async () => {
    const manager = new SseManager({ maxHistoryBytes: 3 * FRAME })
    const channel = await channelOfThree(manager)
    const listening = channel.listen({ rewind: 3 })
    void manager.getOrCreate('other').broadcast({ id: 'a', data: 4 })
    await new Promise((resolve) => process.nextTick(resolve))
    const received = collect(listening)
    await turn()
    expect(received.data).toEqual(FIRST)
    await turn()
    expect(manager.stats().historyBytes).toBe(3 * FRAME)
  })

  test('are evicted from the least recently written channel, even if it was just read', async () => {
    const manager = new SseManager({ maxHistoryBytes: 4 * FRAME })
    const channel = await channelOfThree(manager)
    const [other, third] = [manager.getOrCreate('other'), manager.getOrCreate('third')]
    void other.broadcast({ id: 'a', data: 4 })
    await turn()
    expect(await retained(channel)).toEqual(FIRST)
    await turn()
    void third.broadcast({ id: 'a', data: 5 })
    await turn()
    expect(await retained(other)).toEqual([4])
    expect(await retained(channel)).toEqual([2, 3])
  })

  test('are not retained for a reader that never reads', async () => {
    const channel = await channelOfThree()
    channel.listen({ rewind: 3 })
    await turn()
    await channel.broadcast({ data: 4 })
    expect(await retained(channel)).toEqual([2, 3, 4])
  })

  test('are not retained for a reader that never reads, even within one turn of the event loop', async () => {
    const manager = new SseManager({ history: { maxEvents: 3 } })
    const channel = await channelOfThree(manager)
    channel.listen({ rewind: 3 })
    for (let i = 0; i < 30_000; i++) void channel.broadcast({ id: 'a', data: 4 })
    expect(manager.stats().historyBytes).toBeLessThanOrEqual(10_004 * FRAME)
    await turn()
  })

  test('are evicted when they are too old, even if a reader asked for them', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
    try {
      const channel = await channelOfThree()
      channel.listen({ rewind: 3 })
      await turn()
      await jest.advanceTimersByTimeAsync(300_001)
      expect(await retained(channel)).toEqual([])
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('the history of a manager', () => {
  test('loses nothing for a loop that keeps up, though other channels broadcast in the same tick', async () => {
    const manager = new SseManager({ maxHistoryBytes: 2 * FRAME })
    const [first, other] = [manager.getOrCreate('first'), manager.getOrCreate('other')]
    const received = collect(first)
    await first.broadcast({ id: 'a', data: 1 })
    await turn()
    for (const data of [1, 2, 3]) void other.broadcast({ id: 'a', data })
    void first.broadcast({ id: 'a', data: 2 })
    await turn()
    expect(received.data).toEqual([1, 2])
    expect(manager.stats().historyBytes).toBeLessThanOrEqual(2 * FRAME)
  })

  test('is at most maxHistoryBytes if several channels broadcast in one tick', async () => {
    const manager = new SseManager({ maxHistoryBytes: 4 * FRAME })
    const channels = ['a', 'b', 'c'].map((name) => manager.getOrCreate(name))
    for (let round = 0; round < 20; round++) {
      for (const channel of channels) void channel.broadcast({ id: 'a', data: 1 })
      await turn()
    }
    const held = await Promise.all(channels.map(retained))
    expect(held.flat()).toHaveLength(4)
    expect(manager.stats().historyBytes).toBe(4 * FRAME)
  })

  test('is not evicted from a quiet channel because of a burst in another channel', async () => {
    const manager = new SseManager({ maxHistoryBytes: 4 * FRAME, history: { maxEvents: 2 } })
    const [flooded, quiet] = [manager.getOrCreate('flooded'), manager.getOrCreate('quiet')]
    for (let data = 0; data < 9; data++) void flooded.broadcast({ id: 'a', data })
    for (const data of [1, 2]) void quiet.broadcast({ id: 'a', data })
    await turn()
    expect(await retained(quiet)).toEqual([1, 2])
    expect(await retained(flooded)).toEqual([7, 8])
  })

  test('is at most maxHistoryBytes, and the least recently written channel loses events first', async () => {
    const manager = new SseManager({ maxHistoryBytes: 4 * FRAME })
    const [old, young] = [manager.getOrCreate('old'), manager.getOrCreate('young')]
    for (const data of [1, 2, 3]) await old.broadcast({ id: 'a', data })
    await turn()
    for (const data of [1, 2]) await young.broadcast({ id: 'a', data })
    await turn()
    expect(await retained(old)).toEqual([2, 3])
    expect(await retained(young)).toEqual([1, 2])
    expect(manager.stats().historyBytes).toBe(4 * FRAME)
    for (const data of [3, 4, 5]) await young.broadcast({ id: 'a', data })
    await turn()
    expect(await retained(old)).toEqual([])
    expect(await retained(young)).toEqual([2, 3, 4, 5])
    await manager.close()
    expect(manager.stats().historyBytes).toBe(0)
  })

  test('is at most maxHistoryBytes also for events from a backplane', async () => {
    const backplane = memoryBackplane()
    const publisher = new SseManager({ backplane })
    // subscribe() resolves a turn after it has delivered the entries.
    const late: Backplane = {
      ...backplane,
      subscribe: async (...args) => {
        const unsubscribe = await backplane.subscribe(...args)
        await turn()
        return unsubscribe
      },
    }
    const manager = new SseManager({ backplane: late, maxHistoryBytes: 3 * FRAME })
    for (const name of ['old', 'young']) {
      for (const data of [1, 2]) await publisher.getOrCreate(name).broadcast({ id: 'a', data })
    }
    for (const name of ['old', 'young']) void manager.getOrCreate(name).listen()
    await turn()
    await turn()
    expect(manager.stats().historyBytes).toBe(3 * FRAME)
    await Promise.all([manager.close(), publisher.close()])
  })

  test('counts retained events only, not evicted ones or those of deleted channels', async () => {
    const manager = new SseManager({ history: { maxEvents: 2 } })
    const channel = manager.getOrCreate('news')
    for (let data = 0; data < 9; data++) await channel.broadcast({ id: 'a', data })
    await turn()
    await turn()
    expect(manager.stats().historyBytes).toBe(2 * FRAME)
    manager.delete('news')
    expect(manager.stats().historyBytes).toBe(0)
    await manager.close()
  })

  test('is at most 256 MiB by default', async () => {
    const manager = new SseManager()
    const data = 'x'.repeat(2 ** 20 - 100)
    for (let i = 0; i < 258; i++) await manager.getOrCreate(`channel ${i}`).broadcast(data)
    await turn()
    expect(manager.stats().historyBytes).toBeLessThanOrEqual(2 ** 28)
    expect(manager.stats().historyBytes).toBeGreaterThan(2 ** 28 - 2 ** 20)
    await manager.close()
  })
})
