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

/** What a subscription was told, in order: data, or what happened. */
function telling(): { readonly told: unknown[]; readonly sink: BackplaneSink } {
  const told: unknown[] = []
  return {
    told,
    sink: {
      entry: (entry) => told.push('event' in entry ? entry.event.data : 'end'),
      gap: (id) => told.push(`gap ${id}`),
      origin: (id) => told.push(`origin ${id}`),
    },
  }
}

const nobody: BackplaneSink = { entry: () => {}, gap: () => {} }

async function publishAll(broker: BellBroker, channel: string, data: readonly unknown[]): Promise<void> {
  for (const each of data) broker.append(channel, { event: { data: each } })
  await broker.answer()
}

describe('followers of a log with a bell', () => {
  test('ask nothing as long as what the bell brings follows', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const { told, sink } = telling()
    await node.subscribe('news', { last: 10 }, sink)
    const { questions } = broker
    await publishAll(broker, 'news', [1, 2, 3])
    await until(() => told.length === 4, 'what was told')
    expect(told).toEqual(['origin p1', 1, 2, 3])
    expect(broker.questions).toBe(questions)
  })

  test('compare on though a log throws where it should reject', async () => {
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
    await followers.subscribe('news', { last: 0 }, nobody)
    await until(() => asked > 3 && listened > 2, 'it to go on')
    followers.close()
  })

  test('find the last message that the bell has lost, when they compare', async () => {
    const broker = new BellBroker()
    const { told, sink } = telling()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', [1, 2])
    await until(() => told.length === 3, 'what was told')
    expect(told).toEqual(['origin p1', 1, 2])
  })

  test('read all that they have missed, however many pages it takes', async () => {
    const broker = new BellBroker()
    const { told, sink } = telling()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    const data = Array.from({ length: 120 }, (_, index) => index)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', data.slice(0, -1))
    broker.ringing = () => 'bare'
    await publishAll(broker, 'news', data.slice(-1))
    await until(() => told.includes(119), 'the last one')
    expect(told).toEqual(['origin p1', ...data])
  })

  test('have a bell that has stopped ring again', async () => {
    const broker = new BellBroker()
    const node = broker.node(5)
    const { told, sink } = telling()
    await node.subscribe('news', { last: 10 }, sink)
    node.heardOf.clear()
    await publishAll(broker, 'news', [1])
    await until(() => told.includes(1), 'what was not rung for')
    await until(() => node.heardOf.has('news'), 'the bell')
  })

  test('are not held up by news of a log that is not theirs', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const { told, sink } = telling()
    await node.subscribe('news', { last: 10 }, sink)
    const entry = { id: 'foreign', at: 0, event: { data: 'foreign' } }
    node.hear('news', { after: 'p8', entries: [{ place: 'p9', entry }] })
    await publishAll(broker, 'news', [1])
    await until(() => told.includes(1), 'what was told')
    expect(told).toEqual(['origin p1', 1])
    const { questions } = broker
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(broker.questions - questions).toBeLessThan(3)
  })

  test('tell of one gap when the data is lost, and where they go on', async () => {
    const broker = new BellBroker()
    const { told, sink } = telling()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    await publishAll(broker, 'news', [1])
    await until(() => told.length === 2, 'what was told')
    broker.wipe()
    await until(() => told.length === 3, 'what was told')
    await publishAll(broker, 'news', [2])
    await until(() => told.length === 4, 'what was told')
    expect(told).toEqual(['origin p1', 1, 'gap p3', 2])
  })

  test('read no more than 16 MiB of what is kept when their place is lost', async () => {
    const broker = new BellBroker()
    const node = broker.node(0)
    const asked: unknown[] = []
    const newest: SharedLog['newest'] = (channel, last, maxBytes) => {
      asked.push({ last, maxBytes })
      return node.newest(channel, last)
    }
    const followers = new LogFollowers({ ...logOf(node), newest }, { compareMs: 0 })
    const { told, sink } = telling()
    await followers.subscribe('news', { last: 10 }, sink)
    broker.wipe()
    followers.compare()
    await until(() => told.length === 2, 'a gap')
    expect(asked.slice(1)).toEqual([{ last: Number.MAX_SAFE_INTEGER, maxBytes: 16 * 1024 * 1024 }])
    followers.close()
  })

  test('tell of a gap and give what is kept, when the log has been trimmed beyond them', async () => {
    const broker = new BellBroker(2)
    const { told, sink } = telling()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'news', [1, 2, 3, 4])
    await until(() => told.length === 4, 'what was told')
    expect(told).toEqual(['origin p1', 'gap p3', 3, 4])
  })

  test('tell of a gap and give nothing twice, when the log has lost its newest entries only', async () => {
    const broker = new BellBroker()
    const { told, sink } = telling()
    await broker.node(5).subscribe('news', { last: 10 }, sink)
    await publishAll(broker, 'news', [1, 2, 3])
    await until(() => told.length === 4, 'what was told')
    broker.rollBack('news', 2)
    await publishAll(broker, 'news', [4])
    await until(() => told.length === 6, 'what was told')
    expect(told).toEqual(['origin p1', 1, 2, 3, 'gap p2', 4])
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'miss no bell that rings %i turns after the one for which they began to read, if it brings nothing itself',
    async (turns) => {
      const broker = new BellBroker()
      const { told, sink } = telling()
      await broker.node(0).subscribe('news', { last: 10 }, sink)
      broker.ringing = () => 'bare'
      broker.append('news', { event: { data: 1 } })
      for (let i = 0; i < turns; i++) await turn()
      broker.append('news', { event: { data: 2 } })
      await until(() => told.length === 3, 'both')
      expect(told).toEqual(['origin p1', 1, 2])
    },
  )

  test.each([
    // 4 KiB each, as far as is known: too much to be kept.
    { bytes: undefined, atLeast: 20, below: 100, how: 'read from the log what comes faster than they can keep' },
    { bytes: 20, atLeast: 0, below: 5, how: 'keep a flood of small news' },
  ])('$how while they read', async ({ bytes, atLeast, below }) => {
    const broker = new BellBroker(10_000)
    broker.newsBytes = bytes
    const { told, sink } = telling()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    broker.append('news', { event: { data: 1 } })
    broker.ringing = () => 'news'
    const data = Array.from({ length: 3_000 }, (_, index) => index + 2)
    await publishAll(broker, 'news', data)
    await until(() => told.length === 3_002, 'the last one')
    expect(told).toEqual(['origin p1', 1, ...data])
    expect(broker.questions).toBeGreaterThanOrEqual(atLeast)
    expect(broker.questions).toBeLessThan(below)
  })

  test.each(['are old', 'come while those that were kept are delivered'])(
    'read from the log what they cannot keep, though the news that are too much %s',
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
      // So many are kept, and not one more.
      const kept = 976
      node.newest = async (...question) => {
        const answer = await newest(...question)
        for (let data = 2; data < 2 + kept; data++) publish(data)
        if (which === 'are old') ring(1)
        return answer
      }
      const told: unknown[] = []
      await node.subscribe(
        'news',
        { last: 0 },
        {
          ...nobody,
          entry(entry) {
            const isFirst = told.push('event' in entry && entry.event.data) === 1
            if (isFirst && which !== 'are old') publish(2 + kept)
          },
        },
      )
      expect(told).toEqual(Array.from({ length: entries.length - 2 }, (_, index) => index + 2))
    },
  )

  test('go back to what they hear as soon as it follows on what they read, however fast events come', async () => {
    const broker = new BellBroker(10_000)
    const { told, sink } = telling()
    await broker.node(0).subscribe('news', { last: 10 }, sink)
    broker.ringing = () => 'lost'
    broker.append('news', { event: { data: 0 } })
    broker.ringing = () => 'news'
    const { questions } = broker
    // One in each turn, so that no page is ever empty.
    for (let data = 1; data <= 200; data++) {
      broker.append('news', { event: { data } })
      await turn()
    }
    await until(() => told.includes(200), 'the last one')
    expect(told).toHaveLength(202)
    expect(broker.questions - questions).toBeLessThan(5)
  })

  test('have the bell ring once a channel, and stop with the last of them', async () => {
    const broker = new BellBroker()
    const node = broker.node()
    const leave = await Promise.all([1, 2].map(() => node.subscribe('news', { last: 0 }, nobody)))
    expect([...node.heardOf]).toEqual(['news'])
    leave[0]?.()
    leave[0]?.()
    expect([...node.heardOf]).toEqual(['news'])
    leave[1]?.()
    expect([...node.heardOf]).toEqual([])
  })

  test('that cannot begin leave nothing behind, and the next one may', async () => {
    const broker = new BellBroker()
    const node = broker.node()
    broker.goDown()
    for (const _ of [1, 2]) {
      await expect(node.subscribe('news', { last: 0 }, nobody)).rejects.toMatchObject({
        code: 'ERR_SSE_BACKPLANE',
        cause: new Error('the broker is down'),
      })
    }
    expect([...node.heardOf]).toEqual([])
    broker.goUp()
    const { told, sink } = telling()
    await node.subscribe('news', { last: 0 }, sink)
    await publishAll(broker, 'news', [1])
    await until(() => told.includes(1), 'what was told')
  })

  test.each([-360_000, 360_000])(
    'date entries by this process’s clock, of which the log’s is %p ms ahead',
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
      await until(() => times.length === 3, 'what was told')
      // By what its clock is ahead, and not by the time that an answer took.
      for (const [index, at] of times.entries())
        expect(Math.abs((stored[index] as number) - aheadMs - at)).toBeLessThan(1_000)
      const [first] = broker.log('news').entries
      expect(first && followers.dated(first.entry)).toMatchObject({ ...first?.entry, at: times[0] })
      followers.close()
    },
  )

  describe('whose clock is not the log’s', () => {
    const HOUR_MS = 3_600_000
    let logAheadMs: number
    let wallAheadMs: number
    // What has passed since the start, and how much of it an answer takes.
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

    /** A process’s followers of a log that has a clock of its own, and how far they date what is published now from `Date.now()`. */
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
      const subscribe = (): Promise<unknown> => followers.subscribe('news', { last: 0 }, nobody)
      return { subscribe, entry, followers, offMs: () => followers.dated(entry()).at - Date.now() }
    }

    test('date by this process’s clock as it is set by now', async () => {
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
      'find out at the next subscription that the log’s clock was set: %p ms',
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

    test('take no answer that comes late for another clock', async () => {
      logAheadMs = HOUR_MS
      const { subscribe, entry, followers } = stage()
      const first = entry()
      await subscribe()
      answerMs = 30_000
      const { at } = followers.dated(first)
      await subscribe()
      expect(followers.dated(first).at).toBe(at)
    })

    test('and readers that are older than the log find the place where it goes on', async () => {
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
          const unsubscribe = await followers.subscribe(channel, { last: 0 }, nobody)
          for (const each of entries.slice(2)) sink.entry(followers.dated(each))
          return unsubscribe
        },
        read: async () => entries.slice(1, pages++ === 0 ? undefined : 1).map((each) => followers.dated(each)),
        close: async () => followers.close(),
      }
      const channel = new SseChannel('news', { backplane })
      collect(channel)
      for (let turns = 0; turns < 20; turns++) await turn()
      // Whoever reads the same again dates it otherwise by now.
      wallAheadMs = -HOUR_MS
      const resumed = collect(channel.listen({ lastEventId: 'x' }))
      for (let turns = 0; turns < 20; turns++) await turn()
      expect(resumed.data).toEqual([1, 2, 3, 4, 5])
      await channel.close()
      followers.close()
    })
  })

  test('leave the time of entries as it is where clocks agree', async () => {
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

  test('that are closed while somebody subscribes refuse that, wherever it is by then', async () => {
    for (let turns = 0; turns < 6; turns++) {
      const node = new BellBroker().node(0)
      const subscribing = node.followers.subscribe('news', { last: 0 }, nobody)
      for (let times = 0; times < turns; times++) await turn()
      node.followers.close()
      await expect(subscribing).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    }
  })

  test('ask for what came after an id once for all who ask meanwhile, and not before they do', async () => {
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

  test('of a log that never answers are told so in time', async () => {
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
    const subscribing = followers.subscribe('news', { last: 0 }, nobody)
    await expect(subscribing).rejects.toThrow('the broker did not answer in 10 ms: the bell of channel "news"')
    await expect(subscribing).rejects.toBeInstanceOf(SseError)
    for (let times = 0; times < 2; times++) {
      const reading = followers.read('news', 'p1', 10)
      await expect(reading).rejects.toThrow('the broker did not answer in 10 ms: entries of channel "news"')
    }
    // The first question keeps nobody from asking again.
    expect(questions).toBe(2)
    followers.close()
    await expect(followers.subscribe('news', { last: 0 }, nobody)).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await expect(followers.read('news', 'p1', 10)).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('compare again only when they have been answered, so that a client without a connection holds one question', async () => {
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
    await followers.subscribe('news', { last: 0 }, nobody)
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
    'compare once more where they are told to while they wait for an answer, for %i ms at most',
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
      await followers.subscribe('news', { last: 0 }, nobody)
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

  test('of a log on several servers: one that does not answer holds up the comparison of no channel but its own', async () => {
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
    const [sick, healthy] = [telling(), telling()]
    await followers.subscribe('sick', { last: 10 }, sick.sink)
    await followers.subscribe('healthy', { last: 10 }, healthy.sink)
    broker.ringing = () => 'lost'
    await publishAll(broker, 'sick', ['a'])
    for (const data of [1, 2]) {
      await publishAll(broker, 'healthy', [data])
      await until(() => healthy.told.includes(data), 'what was not rung for')
    }
    expect(sick.told).toEqual(['origin p1'])
    expect(asked.filter((channels) => channels.includes('sick'))).toEqual([['sick']])
    resume()
    await until(() => sick.told.includes('a'), 'what was not rung for')
    followers.close()
  })

  test('compare 500 channels by one question at most, and all of them', async () => {
    const node = new BellBroker().node(0)
    const asked: (readonly string[])[] = []
    const tails = (channels: readonly string[]): Promise<string[]> => {
      asked.push(channels)
      return node.tails(channels)
    }
    const followers = new LogFollowers({ ...logOf(node), tails }, { compareMs: 0 })
    const channels = Array.from({ length: 1_201 }, (_, index) => `channel ${index}`)
    await Promise.all(channels.map((channel) => followers.subscribe(channel, { last: 0 }, nobody)))
    followers.compare()
    await until(() => asked.flat().length >= channels.length, 'questions about all channels')
    expect(asked.map(({ length }) => length)).toEqual([500, 500, 201])
    expect(asked.flat()).toEqual(channels)
    followers.close()
  })

  test('compare the channels that they are told to', async () => {
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
      for (const channel of ['one', 'two', 'three']) await followers.subscribe(channel, { last: 0 }, nobody)
      followers.compare(['two', 'nobody follows this'])
      await until(() => asked.length > 0, 'a question')
      expect(asked).toEqual([['two']])
      followers.close()
    }
  })

  test.each([
    ['timeoutMs', -1],
    ['compareMs', Number.NaN],
    ['timeoutMs', 2 ** 31],
  ])('refuse %s of %p', (option, value) => {
    expect(() => new LogFollowers(new BellBroker().node(), { [option]: value })).toThrow(RangeError)
  })
})
