import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  type Backplane,
  type BackplaneSink,
  type LogEntry,
  LogFollowers,
  type LogStretch,
  type PlacedEntry,
  type SharedLog,
  SseChannel,
  SseError,
} from '@ssekit/sse-core'
import { BellBroker, logOf } from './bell-broker.js'
import { collect, turn } from './collecting.js'
import { until } from './until.js'

/** A sink that records what it receives, in order. */
function recordingSink(): { readonly received: unknown[]; readonly sink: BackplaneSink } {
  const received: unknown[] = []
  return {
    received,
    sink: {
      entry: (entry) => received.push('event' in entry ? entry.event.data : 'end'),
      gap: (id) => received.push(`gap ${id}`),
      origin: (id) => received.push(`origin ${id}`),
    },
  }
}

const ignoringSink: BackplaneSink = { entry: () => {}, gap: () => {} }

async function publishAll(broker: BellBroker, channel: string, data: readonly unknown[]): Promise<void> {
  for (const each of data) broker.append(channel, { event: { data: each } })
  await broker.answer()
}

describe('LogFollowers', () => {
  test('does not read the log while notifications bring all entries', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const { received, sink } = recordingSink()
    await node.subscribe('news', { last: 10 }, sink)
    const { questions } = broker
    await publishAll(broker, 'news', [1, 2, 3])
    await until(() => received.length === 4, 'the entries')
    expect(received).toEqual(['origin p1', 1, 2, 3])
    expect(broker.questions).toBe(questions)
  })

  test('continues to compare positions if a log throws instead of rejecting', async () => {
    const node = new BellBroker().node(0)
    let [listened, asked] = [0, 0]
    const throwing: SharedLog = {
      ...logOf(node),
      listen: (channel) => {
        listened += 1
        if (listened > 1) throw new Error('of listen()')
        return node.listen(channel)
      },
      tails: (channels) => {
        asked += 1
        if (asked === 1) throw new Error('of tails()')
        return Promise.resolve(channels.map(() => 'elsewhere'))
      },
    }
    const followers = new LogFollowers(throwing, { compareMs: 10 })
    await followers.subscribe('news', { last: 0 }, ignoringSink)
    await until(() => asked > 3 && listened > 2, 'more comparisons')
    followers.close()
  })

  test('finds entries whose notifications were lost when it compares positions', async () => {
    const broker = new BellBroker()
    const { received, sink } = recordingSink()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', [1, 2])
    await until(() => received.length === 3, 'the entries')
    expect(received).toEqual(['origin p1', 1, 2])
  })

  test('reads all entries it has missed, over several pages', async () => {
    const broker = new BellBroker()
    const { received, sink } = recordingSink()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    const data = Array.from({ length: 120 }, (_, index) => index)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', data.slice(0, -1))
    broker.ringing = () => 'bare'
    await publishAll(broker, 'news', data.slice(-1))
    await until(() => received.includes(119), 'the last one')
    expect(received).toEqual(['origin p1', ...data])
  })

  test('subscribes to the bell again when notifications have stopped', async () => {
    const broker = new BellBroker()
    const node = broker.node(5)
    const { received, sink } = recordingSink()
    await node.subscribe('news', { last: 10 }, sink)
    node.heardOf.clear()
    await publishAll(broker, 'news', [1])
    await until(() => received.includes(1), 'the entry without a notification')
    await until(() => node.heardOf.has('news'), 'the subscription to the bell')
  })

  test('ignores a notification from another log, and does not keep reading because of it', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const { received, sink } = recordingSink()
    await node.subscribe('news', { last: 10 }, sink)
    const entry = { id: 'foreign', at: 0, event: { data: 'foreign' } }
    node.hear('news', { after: 'p8', entries: [{ place: 'p9', entry }] })
    await publishAll(broker, 'news', [1])
    await until(() => received.includes(1), 'the entries')
    expect(received).toEqual(['origin p1', 1])
    const { questions } = broker
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(broker.questions - questions).toBeLessThan(3)
  })

  test('reports one gap with the new position when all data is lost, then continues', async () => {
    const broker = new BellBroker()
    const { received, sink } = recordingSink()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    await publishAll(broker, 'news', [1])
    await until(() => received.length === 2, 'the entries')
    broker.wipe()
    await until(() => received.length === 3, 'the entries')
    await publishAll(broker, 'news', [2])
    await until(() => received.length === 4, 'the entries')
    expect(received).toEqual(['origin p1', 1, 'gap p3', 2])
  })

  test('reads at most 16 MiB of retained entries when its position is lost', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const asked: unknown[] = []
    const newest: SharedLog['newest'] = (channel, last, maxBytes) => {
      asked.push({ last, maxBytes })
      return node.newest(channel, last)
    }
    const followers = new LogFollowers({ ...logOf(node), newest }, { compareMs: 0 })
    const { received, sink } = recordingSink()
    await followers.subscribe('news', { last: 10 }, sink)
    broker.wipe()
    followers.compare()
    await until(() => received.length === 2, 'a gap')
    expect(asked.slice(1)).toEqual([{ last: Number.MAX_SAFE_INTEGER, maxBytes: 16 * 1024 * 1024 }])
    followers.close()
  })

  test('reports a gap and delivers the retained entries when the log has evicted its position', async () => {
    const broker = new BellBroker(2)
    const { received, sink } = recordingSink()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', [1, 2, 3, 4])
    await until(() => received.length === 4, 'the entries')
    expect(received).toEqual(['origin p1', 'gap p3', 3, 4])
  })

  test('reports a gap and delivers nothing twice when the log has lost only its newest entries', async () => {
    const broker = new BellBroker()
    const { received, sink } = recordingSink()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    await publishAll(broker, 'news', [1, 2, 3])
    await until(() => received.length === 4, 'the entries')
    broker.rollBack('news', 2)
    await publishAll(broker, 'news', [4])
    await until(() => received.length === 6, 'the entries')
    expect(received).toEqual(['origin p1', 1, 2, 3, 'gap p2', 4])
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'misses no empty notification that comes %i turns after the one for which it began to read',
    async (turns) => {
      const broker = new BellBroker()
      const { received, sink } = recordingSink()
      await broker.node(0).subscribe('news', { last: 10 }, sink)
      broker.ringing = () => 'bare'
      broker.append('news', { event: { data: 1 } })
      for (let i = 0; i < turns; i++) await turn()
      broker.append('news', { event: { data: 2 } })
      await until(() => received.length === 3, 'both')
      expect(received).toEqual(['origin p1', 1, 2])
    },
  )

  test.each([
    // An unknown size counts as 4 KiB, so the flood is too large to be kept.
    {
      bytes: undefined,
      atLeast: 20,
      below: 100,
      how: 'drops a flood of notifications of unknown size during a read, and reads the log',
    },
    { bytes: 20, atLeast: 0, below: 5, how: 'keeps a flood of small notifications during a read' },
  ])('$how', async ({ bytes, atLeast, below }) => {
    const broker = new BellBroker(10_000)
    broker.newsBytes = bytes
    const { received, sink } = recordingSink()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    broker.append('news', { event: { data: 1 } })
    broker.ringing = () => 'news'
    const data = Array.from({ length: 3_000 }, (_, index) => index + 2)
    await publishAll(broker, 'news', data)
    await until(() => received.length === 3_002, 'the last one')
    expect(received).toEqual(['origin p1', 1, ...data])
    expect(broker.questions).toBeGreaterThanOrEqual(atLeast)
    expect(broker.questions).toBeLessThan(below)
  })

  test.each(['is old', 'comes while the buffer is delivered'])(
    'reads the log if its notification buffer is full and the next notification %s',
    async (which) => {
      const broker = new BellBroker(10_000)
      const node = broker.node(0)
      broker.ringing = () => 'lost'
      const { entries } = broker.log('news')
      const ring = (index: number): void => {
        const [before, placed] = entries.slice(index - 1, index + 1) as [PlacedEntry, PlacedEntry]
        node.hear('news', { after: before.place, entries: [placed] })
      }
      const publish = (data: number): void => {
        broker.append('news', { event: { data } })
        if (data > 0) ring(data)
      }
      publish(0)
      publish(1)
      const newest = node.newest.bind(node)
      // Exactly this many notifications are kept.
      const kept = 976
      node.newest = async (...question) => {
        const answer = await newest(...question)
        for (let data = 2; data < 2 + kept; data++) publish(data)
        if (which === 'is old') ring(1)
        return answer
      }
      const received: unknown[] = []
      await node.subscribe(
        'news',
        { last: 0 },
        {
          ...ignoringSink,
          entry(entry) {
            const isFirst = received.push('event' in entry && entry.event.data) === 1
            if (isFirst && which !== 'is old') publish(2 + kept)
          },
        },
      )
      expect(received).toEqual(Array.from({ length: entries.length - 2 }, (_, index) => index + 2))
    },
  )

  test('uses notifications again as soon as they follow on what it has read, even if events never pause', async () => {
    const broker = new BellBroker(10_000)
    const { received, sink } = recordingSink()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    broker.append('news', { event: { data: 0 } })
    broker.ringing = () => 'news'
    const { questions } = broker
    // One event in each turn, so that no page is empty.
    for (let data = 1; data <= 200; data++) {
      broker.append('news', { event: { data } })
      await turn()
    }
    await until(() => received.includes(200), 'the last one')
    expect(received).toHaveLength(202)
    expect(broker.questions - questions).toBeLessThan(5)
  })

  test('subscribes to the bell once for each channel, and unsubscribes with the last subscription', async () => {
    const broker = new BellBroker()
    const node = broker.node()
    const leave = await Promise.all([1, 2].map(() => node.subscribe('news', { last: 0 }, ignoringSink)))
    expect([...node.heardOf]).toEqual(['news'])
    leave[0]?.()
    leave[0]?.()
    expect([...node.heardOf]).toEqual(['news'])
    leave[1]?.()
    expect([...node.heardOf]).toEqual([])
  })

  test('leaves nothing behind if subscribe() rejects, and the next subscribe() works', async () => {
    const broker = new BellBroker()
    const node = broker.node()
    broker.goDown()
    for (const _ of [1, 2]) {
      await expect(node.subscribe('news', { last: 0 }, ignoringSink)).rejects.toMatchObject({
        code: 'ERR_SSE_BACKPLANE',
        cause: new Error('the broker is down'),
      })
    }
    expect([...node.heardOf]).toEqual([])
    broker.goUp()
    const { received, sink } = recordingSink()
    await node.subscribe('news', { last: 0 }, sink)
    await publishAll(broker, 'news', [1])
    await until(() => received.includes(1), 'the entries')
  })

  test.each([-360_000, 360_000])(
    'dates entries by the clock of this process if the clock of the log is %p ms ahead',
    async (aheadMs) => {
      const broker = new BellBroker()
      const node = broker.node(0)
      const times: number[] = []
      const stored: number[] = []
      const append = (data: number): void => {
        broker.append('news', { event: { data } })
        stored.push(broker.log('news').entries.at(-1)?.entry.at as number)
      }
      const log: SharedLog = {
        ...logOf(node),
        newest: async (channel, last) => ({ ...(await node.newest(channel, last)), now: Date.now() + aheadMs }),
      }
      const followers = new LogFollowers(log, { compareMs: 0 })
      append(1)
      await followers.subscribe('news', { last: 10 }, { entry: ({ at }) => times.push(at), gap: () => {} })
      append(2)
      followers.hear('news')
      append(3)
      followers.hear('news', { after: 'p2', entries: broker.log('news').entries.slice(-1) })
      await until(() => times.length === 3, 'the entries')
      // Corrected by the difference of the clocks, not by the time that an answer took.
      for (const [index, at] of times.entries())
        expect(Math.abs((stored[index] as number) - aheadMs - at)).toBeLessThan(1_000)
      const [first] = broker.log('news').entries
      expect(first && followers.dated(first.entry)).toMatchObject({ ...first?.entry, at: times[0] })
      followers.close()
    },
  )

  describe('with a clock unlike that of the log', () => {
    const HOUR_MS = 3_600_000
    let logAheadMs: number
    let wallAheadMs: number
    // The time since the start, and how much of it each answer takes.
    let passedMs: number
    let answerMs: number
    beforeEach(() => {
      logAheadMs = 0
      wallAheadMs = 0
      passedMs = 0
      answerMs = 0
      const [wallMs, runningMs] = [Date.now(), performance.now()]
      jest.spyOn(Date, 'now').mockImplementation(() => wallMs + passedMs + wallAheadMs)
      jest.spyOn(performance, 'now').mockImplementation(() => runningMs + passedMs)
    })
    afterEach(() => {
      jest.restoreAllMocks()
    })

    /** Followers of a log with its own clock. `offMs()` is the difference between the date of a new entry and `Date.now()`. */
    function stage() {
      const broker = new BellBroker()
      const node = broker.node(0)
      const logNow = (): number => Date.now() - wallAheadMs + logAheadMs
      const followers = new LogFollowers(
        {
          ...logOf(node),
          newest: async (channel, last) => {
            const stretch = { ...(await node.newest(channel, last)), now: logNow() }
            passedMs += answerMs
            return stretch
          },
        },
        { compareMs: 0, timeoutMs: 60_000 },
      )
      const entry = (): LogEntry => ({ id: 'a', at: logNow(), event: { data: 1 } })
      const subscribe = (): Promise<unknown> => followers.subscribe('news', { last: 0 }, ignoringSink)
      return { subscribe, entry, followers, offMs: () => followers.dated(entry()).at - Date.now() }
    }

    test('dates entries by the current setting of the clock of this process', async () => {
      wallAheadMs = -HOUR_MS
      const { subscribe, offMs } = stage()
      await subscribe()
      expect(offMs()).toBe(0)
      wallAheadMs = 0
      expect(offMs()).toBe(0)
      wallAheadMs = HOUR_MS
      expect(offMs()).toBe(0)
    })

    test.each([-HOUR_MS, HOUR_MS])(
      'notices at the next subscription that the log clock was changed by %p ms',
      async (ms) => {
        const { subscribe, offMs } = stage()
        await subscribe()
        logAheadMs = ms
        await subscribe()
        expect(offMs()).toBe(0)
        logAheadMs = 0
        await subscribe()
        expect(offMs()).toBe(0)
      },
    )

    test('does not mistake a late answer for a changed clock', async () => {
      logAheadMs = HOUR_MS
      const { subscribe, entry, followers } = stage()
      const first = entry()
      await subscribe()
      answerMs = 30_000
      const { at } = followers.dated(first)
      await subscribe()
      expect(followers.dated(first).at).toBe(at)
    })

    test('lets a resumed reader continue at the right entry, though ids repeat', async () => {
      const { followers, entry } = stage()
      let pages = 0
      logAheadMs = HOUR_MS
      const ids = ['x', 'y', 'x', 'y', 'x', 'y']
      const entries = ids.map(
        (id, i): LogEntry => ({ ...entry(), at: entry().at + i, id, previousId: ids[i - 1], event: { id, data: i } }),
      )
      const backplane: Backplane = {
        publish: async () => '',
        subscribe: async (channel, _start, sink) => {
          const unsubscribe = await followers.subscribe(channel, { last: 0 }, ignoringSink)
          for (const each of entries.slice(2)) sink.entry(followers.dated(each))
          return unsubscribe
        },
        read: async () => entries.slice(1, pages++ === 0 ? undefined : 1).map((each) => followers.dated(each)),
        close: async () => followers.close(),
      }
      const channel = new SseChannel('news', { backplane })
      collect(channel)
      for (let turns = 0; turns < 20; turns++) await turn()
      // From now on, a read dates the same entries differently.
      wallAheadMs = -HOUR_MS
      const resumed = collect(channel.listen({ lastEventId: 'x' }))
      for (let turns = 0; turns < 20; turns++) await turn()
      expect(resumed.data).toEqual([1, 2, 3, 4, 5])
      await channel.close()
      followers.close()
    })
  })

  test('does not change the times of entries if the clocks differ by only a second', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const newest = async (channel: string, last: number): Promise<LogStretch> => ({
      ...(await node.newest(channel, last)),
      now: Date.now() - 1_000,
    })
    const followers = new LogFollowers({ ...logOf(node), newest }, { compareMs: 0 })
    broker.append('news', { event: { data: 1 } })
    const entries: LogEntry[] = []
    await followers.subscribe('news', { last: 10 }, { entry: (entry) => entries.push(entry), gap: () => {} })
    expect(entries[0]).toBe(broker.log('news').entries[0]?.entry)
    followers.close()
  })

  test('rejects a pending subscribe() with ERR_SSE_CLOSED when it is closed, at every stage', async () => {
    for (let turns = 0; turns < 6; turns++) {
      const node = new BellBroker().node(0)
      const subscribing = node.followers.subscribe('news', { last: 0 }, ignoringSink)
      for (let times = 0; times < turns; times++) await turn()
      node.followers.close()
      await expect(subscribing).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    }
  })

  test('serves all reads for an id that come during a running read with one new read', async () => {
    const answers: ((entries: readonly LogEntry[]) => void)[] = []
    const log: SharedLog = {
      ...logOf(new BellBroker().node(0)),
      read: () => new Promise((resolve) => answers.push(resolve)),
    }
    const followers = new LogFollowers(log, { compareMs: 0 })
    const entries = [1, 2].map((data): LogEntry => ({ id: `${data}`, at: Date.now(), event: { data } }))
    const first = followers.read('news', 'p1', 10)
    const others = [followers.read('news', 'p1', 10), followers.read('news', 'p1', 10)]
    const another = followers.read('news', 'p2', 10)
    await turn()
    expect(answers).toHaveLength(2)
    answers[0]?.(entries.slice(0, 1))
    answers[1]?.([])
    expect(await first).toEqual(entries.slice(0, 1))
    expect(await another).toEqual([])
    await until(() => answers.length === 3, 'the next question')
    answers[2]?.(entries)
    for (const each of others) expect(await each).toEqual(entries)
    followers.close()
  })

  test('rejects subscribe() and read() after timeoutMs if the log never answers', async () => {
    const silent = new Promise<never>(() => {})
    let questions = 0
    const followers = new LogFollowers(
      {
        newest: () => silent,
        after: () => silent,
        read: () => {
          questions += 1
          return silent
        },
        tails: () => silent,
        isLater: () => false,
        listen: () => silent,
        unlisten: () => {},
      },
      { timeoutMs: 10 },
    )
    const subscribing = followers.subscribe('news', { last: 0 }, ignoringSink)
    await expect(subscribing).rejects.toThrow('the broker did not answer in 10 ms: the bell of channel "news"')
    await expect(subscribing).rejects.toBeInstanceOf(SseError)
    for (let times = 0; times < 2; times++) {
      const reading = followers.read('news', 'p1', 10)
      await expect(reading).rejects.toThrow('the broker did not answer in 10 ms: entries of channel "news"')
    }
    // The first read does not prevent a second one.
    expect(questions).toBe(2)
    followers.close()
    await expect(followers.subscribe('news', { last: 0 }, ignoringSink)).rejects.toMatchObject({
      code: 'ERR_SSE_CLOSED',
    })
    await expect(followers.read('news', 'p1', 10)).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('compares positions again only after the previous comparison was answered', async () => {
    const answers: ((tails: string[]) => void)[] = []
    const followers = new LogFollowers(
      {
        newest: async () => ({ originId: 'p1', entries: [], place: 'p1' }),
        after: async () => [],
        read: async () => [],
        tails: () => new Promise((resolve) => answers.push(resolve)),
        isLater: () => false,
        listen: async () => {},
        unlisten: () => {},
      },
      { timeoutMs: 1, compareMs: 1 },
    )
    await followers.subscribe('news', { last: 0 }, ignoringSink)
    await until(() => answers.length === 1, 'a question')
    for (let times = 0; times < 20; times++) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(answers).toHaveLength(1)
    followers.compare()
    expect(answers).toHaveLength(1)
    answers[0]?.(['p1'])
    await until(() => answers.length === 2, 'the next question')
    followers.close()
  })

  test.each([1_000, 1])(
    'compares once more after an answer if compare() was called meanwhile, with timeoutMs %i',
    async (timeoutMs) => {
      const answers: ((tails: string[]) => void)[] = []
      const followers = new LogFollowers(
        {
          newest: async () => ({ originId: 'p1', entries: [], place: 'p1' }),
          after: async () => [],
          read: async () => [],
          tails: () => new Promise((resolve) => answers.push(resolve)),
          isLater: () => false,
          listen: async () => {},
          unlisten: () => {},
        },
        { timeoutMs, compareMs: 0 },
      )
      await followers.subscribe('news', { last: 0 }, ignoringSink)
      followers.compare()
      followers.compare()
      for (let times = 0; times < 5; times++) await new Promise((resolve) => setTimeout(resolve, 1))
      followers.compare()
      expect(answers).toHaveLength(1)
      answers[0]?.(['p1'])
      await until(() => answers.length === 2, 'another question')
      answers[1]?.(['p1'])
      for (let turns = 0; turns < 5; turns++) await turn()
      expect(answers).toHaveLength(2)
      followers.close()
    },
  )

  test('compares each channel of a log on several servers alone, so that a silent server delays only its own', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const asked: (readonly string[])[] = []
    let resume: () => void = () => {}
    const silence = new Promise<void>((resolve) => {
      resume = resolve
    })
    const followers = new LogFollowers(
      {
        ...logOf(node),
        isSpread: true,
        tails: async (channels) => {
          asked.push(channels)
          if (channels.includes('sick')) await silence
          return node.tails(channels)
        },
      },
      { timeoutMs: 1_000, compareMs: 5 },
    )
    const [sick, healthy] = [recordingSink(), recordingSink()]
    await followers.subscribe('sick', { last: 10 }, sick.sink)
    await followers.subscribe('healthy', { last: 10 }, healthy.sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'sick', ['a'])
    for (const data of [1, 2]) {
      await publishAll(broker, 'healthy', [data])
      await until(() => healthy.received.includes(data), 'the entry without a notification')
    }
    expect(sick.received).toEqual(['origin p1'])
    expect(asked.filter((channels) => channels.includes('sick'))).toEqual([['sick']])
    resume()
    await until(() => sick.received.includes('a'), 'the entry without a notification')
    followers.close()
  })

  test('compares all channels, at most 500 in one request', async () => {
    const node = new BellBroker().node(0)
    const asked: (readonly string[])[] = []
    const tails = (channels: readonly string[]): Promise<string[]> => {
      asked.push(channels)
      return node.tails(channels)
    }
    const followers = new LogFollowers({ ...logOf(node), tails }, { compareMs: 0 })
    const channels = Array.from({ length: 1_201 }, (_, index) => `channel ${index}`)
    await Promise.all(channels.map((channel) => followers.subscribe(channel, { last: 0 }, ignoringSink)))
    followers.compare()
    await until(() => asked.flat().length >= channels.length, 'questions about all channels')
    expect(asked.map(({ length }) => length)).toEqual([500, 500, 201])
    expect(asked.flat()).toEqual(channels)
    followers.close()
  })

  test('compares only those channels passed to compare() that it follows', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const asked: (readonly string[])[] = []
    const tails = (channels: readonly string[]): Promise<string[]> => {
      asked.push(channels)
      return node.tails(channels)
    }
    for (const isSpread of [false, true]) {
      asked.length = 0
      const followers = new LogFollowers({ ...logOf(node), isSpread, tails }, { compareMs: 0 })
      for (const channel of ['one', 'two', 'three']) await followers.subscribe(channel, { last: 0 }, ignoringSink)
      followers.compare(['two', 'not followed'])
      await until(() => asked.length > 0, 'a question')
      expect(asked).toEqual([['two']])
      followers.close()
    }
  })

  test.each([
    ['timeoutMs', -1],
    ['compareMs', Number.NaN],
    ['timeoutMs', 2 ** 31],
  ])('refuses %s of %p with a RangeError', (option, value) => {
    expect(() => new LogFollowers(new BellBroker().node(), { [option]: value })).toThrow(RangeError)
  })
})
