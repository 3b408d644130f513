import { afterEach, describe, expect, test } from '@jest/globals'
import type { TcpProxy } from '@ssekit/sse-testkit'
import { Redis } from 'ioredis'
import type { Loop } from './loop.js'
import { insist, Publishing } from './publishing.js'
import { everyClient, Stage, type StageNode } from './stage.js'
import { until } from './until.js'

const BACKPLANE_ERROR = { code: 'ERR_SSE_BACKPLANE', statusCode: 503 }

/** Not enough for a server that is stopped, and more than enough for one that is not. */
const timeoutMs = 400

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const dataOf = async (channel: string): Promise<unknown[]> => (await stage.stored(channel)).map(({ data }) => data)

  /** Resolves once it has heard as much as is stored, where what was insisted on may be there more than once. */
  const hasHeardAll = (loop: Loop, channel: string): Promise<void> =>
    until(async () => loop.data.length >= (await dataOf(channel)).length, 'all that is stored')

  /** Everything that a node can be asked for, while the server says nothing. */
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

  test('a server that accepts and never answers: no hang, and what was refused for time is not stored later', async () => {
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
    // What comes behind those that are under way still waits for nothing.
    await asked(used)
    stage.redis.resume()
    await insist(used.backplane, 'news', 'after')
    await insist(fresh.backplane, 'news', 'after that')
    await loop.hears('after that')
    // All that the clients still held has been answered before this.
    expect([...new Set(await dataOf('news'))]).toEqual(['before', 'after', 'after that'])
    expect([await dataOf('other'), await dataOf('ended')]).toEqual([[], []])
    await hasHeardAll(loop, 'news')
    expect(loop.data).toEqual(await dataOf('news'))
    expect(loop.gaps).toEqual([])
  })

  test('a server that stops for less than the time limit costs nothing but that time', async () => {
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
    await loop.hears(last)
    expect(loop.data).toEqual([...publishing.accepted.keys()])
    expect(await dataOf('news')).toEqual(loop.data)
  })

  test('a network that swallows everything, on both connections of a node, in the middle of publishing', async () => {
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
    await Promise.all(loops.map((loop) => hasHeardAll(loop, 'news')))
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

  test('a slow network: everything in order, none twice', async () => {
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
    await loop.hears([...publishing.accepted.keys()].at(-1))
    expect(loop.data).toEqual([...publishing.accepted.keys()])
    expect(await dataOf('news')).toEqual(loop.data)
  })

  test('a network so slow that every answer is late: all is refused, and nothing of it is stored', async () => {
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
    // The first ones were in time, as far as the server could know.
    const stored = await dataOf('news')
    expect(stored).not.toContain(4)
    expect(stored).not.toContain(5)
    expect([stored[0], stored.at(-1)]).toEqual(['before', 'after'])
  })

  /** Publishes while connections are cut so many bytes into replies. */
  const cutReplies = async (node: StageNode, via: TcpProxy, bytes: readonly number[]): Promise<string[]> => {
    const ids: string[] = []
    for (const [index, each] of bytes.entries()) {
      const cut = via.cutReplyAfter(each, ({ sent }) => !/subscribe/i.test(sent))
      ids.push(await node.backplane.publish('news', { event: { data: index } }))
      await cut
    }
    return ids
  }

  test('a connection that is cut before or in the middle of a reply: the event is stored once', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [publisher, node] = [await stage.node({ via }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    await publisher.backplane.publish('news', { event: { data: 'first' } })
    const bytes = [0, 1, 4, 10, 0, 0, 20, 30]
    const ids = await cutReplies(publisher, via, bytes)
    await publisher.backplane.publish('news', { event: { data: 'last' } })
    await loop.hears('last')
    const numbers = bytes.map((_, index) => index)
    const stored = await stage.stored('news')
    expect(stored.map(({ data }) => data)).toEqual(['first', ...numbers, 'last'])
    expect(stored.slice(1, -1).map(({ id }) => id)).toEqual(ids)
    expect(loop.data).toEqual(['first', ...numbers, 'last'])
  })

  test('a subscriber whose reply is cut in the middle goes on', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [publisher, node] = [await stage.node(), await stage.node({ via })]
    const loop = await stage.listen(node, 'news')
    for (const [index, bytes] of [0, 1, 30, 100].entries()) {
      await until(async () => (await stage.listeners('news')) === 1, 'a subscriber')
      const cut = via.cutReplyAfter(bytes, ({ sent }) => /subscribe/i.test(sent))
      await publisher.backplane.publish('news', { event: { data: index } })
      await cut
      await loop.hears(index)
    }
    expect(loop.data).toEqual([0, 1, 2, 3])
    expect(loop.gaps).toEqual([])
  })
})

test('what ioredis sends again by itself is stored once', async () => {
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
    // Else nothing was proven.
    expect(await stage.calls('evalsha')).toBe(before + 2)
    expect((await stage.stored('news')).slice(1)).toEqual([{ id, data: 'resent' }])
  } finally {
    await stage.end()
  }
})

test('ioredis that sends nothing again, and tells nobody: what was under way is asked again, and goes on', async () => {
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
      // The answer to the event, or to a comparison.
      const cut = via.cutReplyAfter(0, ({ sent }) => !/subscribe/i.test(sent))
      await backplane.publish('news', { event: { data } })
      await cut
    }
    // It still compares.
    via.discardReplies(({ sent }) => /subscribe/i.test(sent))
    await backplane.publish('news', { event: { data: 'last' } })
    await loop.hears('last')
    expect((await stage.stored('news')).map(({ data }) => data)).toEqual(['first', 1, 2, 3, 'last'])
    expect(loop.data).toEqual(['first', 1, 2, 3, 'last'])
    await backplane.close()
    expect((client as Redis).listenerCount('close')).toBe(listeners - 1)
  } finally {
    await stage.end()
  }
})
