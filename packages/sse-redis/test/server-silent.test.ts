import { afterEach, describe, expect, test } from '@jest/globals'
import type { TcpProxy } from '@ssekit/sse-testkit'
import { Redis } from 'ioredis'
import type { Loop } from './loop.js'
import { insist, Publishing } from './publishing.js'
import { everyClient, Stage, type StageNode } from './stage.js'
import { until } from './until.js'

const BACKPLANE_ERROR = { code: 'ERR_SSE_BACKPLANE', statusCode: 503 }

/** Too short for a paused server, and more than enough for a running one. */
const timeoutMs = 400

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const dataOf = async (channel: string): Promise<unknown[]> => (await stage.stored(channel)).map(({ data }) => data)

  /** Resolves once it has received as many events as are stored, including those that `insist()` stored twice. */
  const hasReceivedAll = (loop: Loop, channel: string): Promise<void> =>
    until(async () => loop.data.length >= (await dataOf(channel)).length, 'all that is stored')

  /** Fails unless every kind of call rejects, while the server does not answer. */
  const asked = async ({ backplane }: StageNode): Promise<void> => {
    const sink = { entry: () => {}, gap: () => {} }
    const outcomes = await Promise.allSettled([
      backplane.publish('news', { event: { data: 'refused' } }),
      backplane.publish('news', { event: { data: 'refused too' } }),
      backplane.publish('other', { event: { data: 'refused' } }),
      backplane.publish('ended', { end: true }),
      backplane.subscribe('news', { last: 0 }, sink),
      backplane.read('news', 'some-id', 10),
    ])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: BACKPLANE_ERROR })
  }

  test('while the server does not answer, calls reject in time, and rejected events are not stored later', async () => {
    stage = await Stage.open(connect)
    const [fresh, used, node] = [
      await stage.node({ timeoutMs }),
      await stage.node({ timeoutMs }),
      await stage.node({ timeoutMs }),
    ]
    const loop = await stage.listen(node, 'news')
    await insist(used.backplane, 'news', 'before')
    await stage.redis.pause()
    await Promise.all([asked(fresh), asked(used)])
    // Calls behind pending ones reject in time, too.
    await asked(used)
    stage.redis.resume()
    await insist(used.backplane, 'news', 'after')
    await insist(fresh.backplane, 'news', 'after that')
    await loop.receives('after that')
    // By now every command that the clients still held has been answered.
    expect([...new Set(await dataOf('news'))]).toEqual(['before', 'after', 'after that'])
    expect([await dataOf('other'), await dataOf('ended')]).toEqual([[], []])
    await hasReceivedAll(loop, 'news')
    expect(loop.data).toEqual(await dataOf('news'))
    expect(loop.gaps).toEqual([])
  })

  test('events that wait for a server for less than the time limit are stored once, in order', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node()
    const loop = await stage.listen(node, 'news')
    const publishing = new Publishing('a', (await stage.node()).backplane, 'news')
    await publishing.accepts(10)
    for (let round = 0; round < 3; round++) {
      await stage.redis.pause()
      const { pending } = publishing
      await until(() => publishing.pending > pending + 10, 'events that wait')
      stage.redis.resume()
      await publishing.accepts(10)
    }
    publishing.stop()
    await publishing.settles()
    expect(publishing.refused.size).toBe(0)
    const last = [...publishing.accepted.keys()].at(-1)
    await loop.receives(last)
    expect(loop.data).toEqual([...publishing.accepted.keys()])
    expect(await dataOf('news')).toEqual(loop.data)
  })

  test('after the network of a publishing node stalled, subscribers have every stored event once', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [cutOff, other] = [
      await stage.node({ via, timeoutMs, compareMs: 100 }),
      await stage.node({ timeoutMs, compareMs: 100 }),
    ]
    const loops = [await stage.listen(cutOff, 'news'), await stage.listen(other, 'news')]
    const publishing = new Publishing('a', cutOff.backplane, 'news')
    await publishing.accepts(10)
    via.stall()
    await publishing.isRefused()
    await asked(cutOff)
    await insist(other.backplane, 'news', 'meanwhile')
    via.resume()
    await publishing.accepts(10)
    publishing.stop()
    await publishing.settles()
    await insist(other.backplane, 'news', 'last')
    await Promise.all(loops.map((loop) => hasReceivedAll(loop, 'news')))
    const stored = await dataOf('news')
    const numbers = stored.filter((data) => String(data).startsWith('a '))
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const loop of loops) {
      expect(loop.data).toEqual(stored)
      expect(loop.gaps).toEqual([])
    }
    expect(stored).toEqual(expect.arrayContaining(['meanwhile', ...publishing.accepted.keys()]))
    expect(stored).not.toContain('refused')
  })

  test('over a slow network, events arrive once, in order', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const node = await stage.node({ via, compareMs: 20 })
    const loop = await stage.listen(node, 'news')
    via.delayMs = 60
    const publishing = new Publishing('a', node.backplane, 'news')
    await publishing.accepts(50)
    publishing.stop()
    await publishing.settles()
    expect(publishing.refused.size).toBe(0)
    await loop.receives([...publishing.accepted.keys()].at(-1))
    expect(loop.data).toEqual([...publishing.accepted.keys()])
    expect(await dataOf('news')).toEqual(loop.data)
  })

  test('over a network so slow that replies are late, publishes reject, and later ones are not stored', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const { backplane } = await stage.node({ via, timeoutMs: 200 })
    await insist(backplane, 'news', 'before')
    via.delayMs = 150
    for (let round = 1; round <= 5; round++) {
      await expect(backplane.publish('news', { event: { data: round } })).rejects.toMatchObject(BACKPLANE_ERROR)
    }
    via.delayMs = 0
    await insist(backplane, 'news', 'after')
    // The first ones were in time as far as the server could know.
    const stored = await dataOf('news')
    expect(stored).not.toContain(4)
    expect(stored).not.toContain(5)
    expect([stored[0], stored.at(-1)]).toEqual(['before', 'after'])
  })

  /** Publishes an event for each connection that is cut after this many bytes of replies. */
  const cutReplies = async (node: StageNode, via: TcpProxy, bytes: readonly number[]): Promise<string[]> => {
    const ids: string[] = []
    for (const [index, each] of bytes.entries()) {
      const cut = via.cutReplyAfter(each, ({ sent }) => !/subscribe/i.test(sent))
      ids.push(await node.backplane.publish('news', { event: { data: index } }))
      await cut
    }
    return ids
  }

  test('an event whose reply is cut off is stored once, and its publish resolves', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [publisher, node] = [await stage.node({ via }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    await publisher.backplane.publish('news', { event: { data: 'first' } })
    const bytes = [0, 1, 4, 10, 0, 0, 20, 30]
    const ids = await cutReplies(publisher, via, bytes)
    await publisher.backplane.publish('news', { event: { data: 'last' } })
    await loop.receives('last')
    const numbers = bytes.map((_, index) => index)
    const stored = await stage.stored('news')
    expect(stored.map(({ data }) => data)).toEqual(['first', ...numbers, 'last'])
    expect(stored.slice(1, -1).map(({ id }) => id)).toEqual(ids)
    expect(loop.data).toEqual(['first', ...numbers, 'last'])
  })

  test('a subscriber whose connection is cut within a message misses nothing', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [publisher, node] = [await stage.node(), await stage.node({ via })]
    const loop = await stage.listen(node, 'news')
    for (const [index, bytes] of [0, 1, 30, 100].entries()) {
      await until(async () => (await stage.listeners('news')) === 1, 'a subscriber')
      const cut = via.cutReplyAfter(bytes, ({ sent }) => /subscribe/i.test(sent))
      await publisher.backplane.publish('news', { event: { data: index } })
      await cut
      await loop.receives(index)
    }
    expect(loop.data).toEqual([0, 1, 2, 3])
    expect(loop.gaps).toEqual([])
  })
})

test('an event that ioredis itself sends again is stored once', async () => {
  const stage = await Stage.open(async (url) => {
    const client = new Redis(url, { retryStrategy: () => 20 })
    client.on('error', () => {})
    await new Promise((resolve) => client.once('ready', resolve))
    return { client, close: () => client.disconnect() }
  })
  try {
    const via = await stage.proxy()
    const { backplane, client } = await stage.node({ via })
    expect(client).toMatchObject({ options: { autoResendUnfulfilledCommands: true } })
    await backplane.publish('news', { event: { data: 'first' } })
    const before = await stage.calls('evalsha')
    const cut = via.cutReplyAfter(0)
    const id = await backplane.publish('news', { event: { data: 'resent' } })
    await cut
    // Otherwise the command was not sent twice, and the test proves nothing.
    expect(await stage.calls('evalsha')).toBe(before + 2)
    expect((await stage.stored('news')).slice(1)).toEqual([{ id, data: 'resent' }])
  } finally {
    await stage.end()
  }
})

test('with ioredis that resends nothing, pending publishes and comparisons are repeated after a reconnect', async () => {
  const stage = await Stage.open(async (url) => {
    const client = new Redis(url, { retryStrategy: () => 20, autoResendUnfulfilledCommands: false })
    client.on('error', () => {})
    await new Promise((resolve) => client.once('ready', resolve))
    return { client, close: () => client.disconnect() }
  })
  try {
    const via = await stage.proxy()
    const [{ backplane, client }, node] = [await stage.node({ via }), await stage.node({ via, compareMs: 20 })]
    const listeners = (client as Redis).listenerCount('close')
    const loop = await stage.listen(node, 'news')
    await backplane.publish('news', { event: { data: 'first' } })
    for (const data of [1, 2, 3]) {
      // The reply to the event, or to a comparison.
      const cut = via.cutReplyAfter(0, ({ sent }) => !/subscribe/i.test(sent))
      await backplane.publish('news', { event: { data } })
      await cut
    }
    // It still compares.
    via.discardReplies(({ sent }) => /subscribe/i.test(sent))
    await backplane.publish('news', { event: { data: 'last' } })
    await loop.receives('last')
    expect((await stage.stored('news')).map(({ data }) => data)).toEqual(['first', 1, 2, 3, 'last'])
    expect(loop.data).toEqual(['first', 1, 2, 3, 'last'])
    await backplane.close()
    expect((client as Redis).listenerCount('close')).toBe(listeners - 1)
  } finally {
    await stage.end()
  }
})
