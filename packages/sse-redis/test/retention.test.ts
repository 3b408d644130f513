import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { LogEntry } from '@ssekit/sse-core'
import { everyClient, Stage, type StageNode } from './stage.js'
import { until } from './until.js'

describe.each(everyClient)('%s: in the history at the server,', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const publish = async ({ backplane }: StageNode, ...all: unknown[]): Promise<void> => {
    for (const data of all) await backplane.publish('news', { event: { data } })
  }

  const maxAgeMs = 60_000

  /** Makes the log expire now: with a short maxAgeMs, a busy machine could lose events that the test still needs. */
  const expire = async (): Promise<void> => {
    const log = 'ssekit:{news}:log'
    expect(await stage.control.pttl(log)).toBeGreaterThan(maxAgeMs - 15_000)
    // The log is kept for a second longer than its events, on which `append-script.ts` relies.
    await until(async () => (await stage.control.pttl(log)) <= maxAgeMs, 'the end of that second')
    await stage.control.pexpire(log, 1)
    await until(async () => (await stage.control.exists(log)) === 0, 'no log')
  }

  test('a log expires when the channel is idle, and the next event causes no gap', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const options = { history: { maxAgeMs }, compareMs: 30 }
    const [node, behindProxy, publisher] = [
      await stage.node(options),
      await stage.node({ ...options, via }),
      await stage.node(options),
    ]
    const loops = [await stage.listen(node, 'news'), await stage.listen(behindProxy, 'news')]
    via.discardReplies(({ sent }) => /subscribe/i.test(sent))
    await publish(publisher, 1, 2)
    for (const loop of loops) await loop.receives(2)
    await expire()
    // A client that had the last event has missed nothing yet.
    const back = await stage.listen(await stage.node(options), 'news', loops[0]?.ids.at(-1))
    await publish(publisher, 3)
    for (const loop of [...loops, back]) await loop.receives(3)
    await expire()
    await publish(publisher, 4)
    for (const loop of [...loops, back]) {
      await loop.receives(4)
      expect(loop.gaps).toEqual([])
    }
    const late = await stage.listen(await stage.node(options), 'news', back.ids[0])
    await late.receives(4)
    expect([late.data, late.gaps]).toEqual([[4], []])
  })

  /** Subscribes like a new process, and returns the list of what is received. */
  const record = async ({ backplane }: StageNode): Promise<unknown[]> => {
    const received: unknown[] = []
    const entry = (entry: LogEntry): unknown => received.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe('news', { last: 10 }, { entry, gap: () => received.push('gap') })
    return received
  }

  test.each(['subscribes', 'publishes'])(
    'an ended channel expires with its log, and its name can be reused by a process that %s first',
    async (what) => {
      stage = await Stage.open(connect)
      const options = { history: { maxAgeMs }, compareMs: 20 }
      const [node, publisher] = [await stage.node(options), await stage.node(options)]
      const witness = await record(node)
      const firstId = await publisher.backplane.publish('news', { event: { data: 1 } })
      const endId = await publisher.backplane.publish('news', { end: true })
      await until(() => witness.length === 2, 'the end')
      // As long as the log exists, new subscribers get the end.
      expect(await record(node)).toEqual([1, 'end'])
      await expect(publisher.backplane.publish('news', { event: { data: 'late' } })).rejects.toMatchObject({
        code: 'ERR_SSE_CLOSED',
      })
      await expire()

      const early = what === 'subscribes' ? await record(await stage.node(options)) : []
      const ids = [await publisher.backplane.publish('news', { event: { data: 2 } })]
      const late = await record(node)
      ids.push(await publisher.backplane.publish('news', { event: { data: 3 } }))
      await until(() => late.includes(3), 'the events of the new channel')
      if (what === 'subscribes') await until(() => early.includes(3), 'the events of the new channel')
      expect(late).toEqual([2, 3])
      expect(early).toEqual(what === 'subscribes' ? [2, 3] : [])
      // A subscriber that received the end receives nothing after it.
      expect(witness).toEqual([1, 'end'])
      // An id of the former channel is unknown to the new one.
      for (const id of [firstId, endId]) expect(await node.backplane.read('news', id, 10)).toBeUndefined()
      const resumed = await stage.listen(await stage.node(options), 'news', endId)
      await resumed.receives(3)
      expect([resumed.data, resumed.gaps.length]).toEqual([[2, 3], 1])

      ids.push(await publisher.backplane.publish('news', { end: true }))
      await until(() => late.includes('end'), 'the other end')
      expect(await record(node)).toEqual([2, 3, 'end'])
      expect(new Set([firstId, endId, ...ids]).size).toBe(5)
    },
  )

  test('a node that missed an end which expired gets a gap, and then the events of the next channel of that name', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const options = { history: { maxAgeMs }, compareMs: 20 }
    const [node, publisher] = [await stage.node({ ...options, via }), await stage.node(options)]
    const received = await record(node)
    await publish(publisher, 1)
    await until(() => received.length === 1, 'an event')
    via.refuse()
    via.cut()
    await publisher.backplane.publish('news', { end: true })
    await expire()
    via.accept()
    await until(() => received.length === 2, 'a gap')
    await publish(publisher, 2)
    await until(() => received.length === 3, 'the events of the new channel')
    expect(received).toEqual([1, 'gap', 2])
  })

  test('the end of a channel is retained even with maxEvents 0', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ history: { maxEvents: 0 } })
    const all = Array.from({ length: 101 }, (_, index) => index)
    // The server trims streams in blocks of a hundred, and the end may be the last entry of a block.
    for (const number of [0, 98, 99, 100, 101]) {
      const channel = `ended ${number}`
      await Promise.all(all.slice(0, number).map((data) => node.backplane.publish(channel, { event: { data } })))
      await node.backplane.publish(channel, { end: true })
      expect(await stage.control.exists(`ssekit:{${channel}}:log`)).toBe(1)
      await expect(node.backplane.publish(channel, { event: { data: 'late' } })).rejects.toThrow('has ended')
    }
  })

  test('the tail of a channel is kept while a node follows it, and expires when no node does', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ history: { maxAgeMs: 5_000 }, compareMs: 20 })
    const left = async (): Promise<number[]> => {
      const keys = await stage.control.keys('ssekit:*')
      return Promise.all(keys.map((key) => stage.control.pttl(key)))
    }
    const unsubscribe = await node.backplane.subscribe('quiet', { last: 10 }, { entry: () => {}, gap: () => {} })
    await publish(node, 1)
    await node.backplane.publish('ended', { end: true })
    await node.backplane.publish('quiet', { event: { data: 1 } })
    expect(await stage.control.keys('ssekit:{quiet}:*')).toHaveLength(3)
    // Every key has an expiry.
    for (const ttl of await left()) expect(ttl).toBeGreaterThan(0)
    expect(Math.max(...(await left()))).toBeLessThanOrEqual(120_000)
    await stage.control.pexpire('ssekit:{quiet}:tail', 10_000)
    await until(async () => (await stage.control.pttl('ssekit:{quiet}:tail')) > 10_000, 'a tail that is kept')
    unsubscribe()
    await stage.control.pexpire('ssekit:{quiet}:tail', 100)
    await until(async () => (await stage.control.exists('ssekit:{quiet}:tail')) === 0, 'no tail')
  })

  test.each([-1, 1])('recent events can be resumed by a node whose clock is six minutes wrong (%p)', async (sign) => {
    stage = await Stage.open(connect)
    const real = Date.now
    const now = jest.spyOn(Date, 'now').mockImplementation(() => real() + sign * 6 * 60_000)
    try {
      const node = await stage.node()
      const loop = await stage.listen(node, 'news')
      for (const data of [1, 2, 3]) await node.backplane.publish('news', { event: { id: `own/${data}`, data } })
      await loop.receives(3)
      const rewound: unknown[] = []
      for await (const { data } of node.manager.getOrCreate('news').listen({ rewind: 10 })) {
        if (rewound.push(data) === 3) break
      }
      expect(rewound).toEqual([1, 2, 3])
      const resumed = await stage.listen(node, 'news', 'own/1')
      await resumed.receives(3)
      expect([resumed.data, resumed.gaps]).toEqual([[2, 3], []])
      const read = await node.backplane.read('news', 'own/1', 1)
      expect(Math.abs((read?.[0]?.at as number) - Date.now())).toBeLessThan(60_000)
    } finally {
      now.mockRestore()
    }
  })

  test('only about maxEvents events are retained', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ history: { maxEvents: 200, maxAgeMs: 600_000 } })
    const all = Array.from({ length: 2_000 }, (_, index) => index)
    await Promise.all(all.map((data) => node.backplane.publish('news', { event: { data } })))
    const { length } = await stage.stored('news')
    expect(length).toBeGreaterThanOrEqual(200)
    // A stream is trimmed in blocks of a hundred.
    expect(length).toBeLessThanOrEqual(300)
  })

  test('a maxAgeMs that is infinite or beyond 1970 retains all events', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ history: { maxEvents: Number.POSITIVE_INFINITY, maxAgeMs: 1e14 } })
    await publish(node, 1)
    const endless = await stage.node({ prefix: 'endless', history: { maxAgeMs: Number.POSITIVE_INFINITY } })
    await publish(endless, 1)
    expect(await stage.control.pttl('endless:{news}:log')).toBe(-1)
    expect((await stage.stored('news')).length).toBe(1)
  })

  test('a log keeps its events once maxAgeMs has become infinite, although earlier processes had limited it', async () => {
    stage = await Stage.open(connect)
    await publish(await stage.node({ history: { maxAgeMs } }), 'limited')
    const endless = await stage.node({ history: { maxAgeMs: Number.POSITIVE_INFINITY } })
    // Within the second of the last event the script leaves the expiry as it is.
    await until(async () => {
      await publish(endless, 'unlimited')
      return (await stage.control.pttl('ssekit:{news}:log')) === -1
    }, 'a log that does not expire')
    expect((await stage.stored('news'))[0]?.data).toBe('limited')
  })

  test('publishers’ own ids can be resumed on any node, even after the log was trimmed', async () => {
    stage = await Stage.open(connect)
    const history = { maxEvents: 100 }
    const [publisher, node] = [await stage.node({ history }), await stage.node({ history })]
    // Its own history has only the newest ten events.
    const cold = await stage.node({ history, manager: { history: { maxEvents: 10 } } })
    const loop = await stage.listen(node, 'news')
    for (let number = 1; number <= 1_000; number++) {
      void publisher.backplane.publish('news', { event: { id: `order/${number}"'\\{}`, data: number } })
    }
    await loop.receives(1_000)
    const stored = await stage.stored('news')
    expect(stored.length).toBeLessThan(300)
    const first = stored[0]?.data as number
    const from = (number: number): number[] => Array.from({ length: 1_001 - number }, (_, index) => number + index)
    for (const each of [cold, await stage.node({ history })]) {
      for (const number of [first, first + 10, 999]) {
        const resumed = await stage.listen(each, 'news', `order/${number}"'\\{}`)
        await resumed.receives(1_000)
        expect([resumed.gaps, resumed.data]).toEqual([[], from(number + 1)])
      }
      const lost = await stage.listen(each, 'news', `order/1"'\\{}`)
      await lost.receives(1_000)
      expect(lost.gaps).toHaveLength(1)
      expect(lost.events[0]?.event).toBe('sse-gap')
      expect(lost.data.at(-1)).toBe(1_000)
    }
  })
})
