import { afterEach, describe, expect, test } from '@jest/globals'
import { Redis, type RedisOptions } from 'ioredis'
import { createClient } from 'redis'
import type { Connect } from './clients.js'
import { insist } from './publishing.js'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

let stage: Stage
afterEach(() => stage.end())

/** Fails unless two nodes receive each other's events, also after the server was killed, and can read them. */
async function works(): Promise<void> {
  const nodes = await Promise.all([1, 2].map(() => stage.node({ compareMs: 200 })))
  const loops = await Promise.all(nodes.map((node) => stage.listen(node, 'news')))
  const publish = async (data: string): Promise<void> => {
    for (const [index, { backplane }] of nodes.entries()) {
      await until(
        () =>
          backplane.publish('news', { event: { data: `${data} ${index}` } }).then(
            () => true,
            () => false,
          ),
        `${data} ${index}`,
      )
    }
    for (const loop of loops) await loop.receives(`${data} 1`)
  }
  await publish('hello')
  await stage.redis.kill()
  await stage.redis.restart()
  await publish('again')
  for (const loop of loops) {
    expect([...new Set(loop.data)]).toEqual(['hello 0', 'hello 1', 'again 0', 'again 1'])
    expect(loop.gaps).toEqual([])
  }
  const [first] = loops[0]?.ids ?? []
  expect((await nodes[1]?.backplane.read('news', first as string, 2))?.length).toBe(2)
}

const ioredis =
  (options: Omit<RedisOptions, 'replyMapping'>, isReady = true): Connect =>
  async (url) => {
    const client = new Redis(url, { retryStrategy: () => 20, ...options })
    client.on('error', () => {})
    if (isReady) await until(() => client.status === 'ready', 'a connection')
    return { client, close: () => client.disconnect() }
  }

describe('ioredis', () => {
  test.each<[what: string, connect: Connect]>([
    ['its default options', ioredis({})],
    ['a keyPrefix', ioredis({ keyPrefix: 'app:' })],
    ['no offline queue', ioredis({ enableOfflineQueue: false })],
    ['lazyConnect, not connected yet', ioredis({ lazyConnect: true }, false)],
    ['one retry per request', ioredis({ maxRetriesPerRequest: 1 })],
    ['endless retries per request', ioredis({ maxRetriesPerRequest: null })],
    ['another database', ioredis({ db: 3 })],
    ['no ready check', ioredis({ enableReadyCheck: false })],
    ['no resent commands', ioredis({ autoResendUnfulfilledCommands: false })],
    ['automatic pipelines', ioredis({ enableAutoPipelining: true })],
    ['numbers as text', ioredis({ stringNumbers: true })],
    ['RESP 3', ioredis({ protocol: 3 })],
  ])('works with %s', async (_what, connect) => {
    stage = await Stage.open(connect)
    await works()
  })

  test('adds its keyPrefix to all keys and notification channels, beside the prefix of the backplane', async () => {
    stage = await Stage.open(ioredis({ keyPrefix: 'app:' }))
    const [node, other] = [await stage.node(), await stage.node({ prefix: 'other' })]
    const loop = await stage.listen(node, 'news')
    await other.backplane.publish('news', { event: { data: 'for others' } })
    await node.backplane.publish('news', { event: { data: 'for us' } })
    await loop.receives('for us')
    expect(loop.data).toEqual(['for us'])
    const names = [...(await stage.control.keys('*')), ...((await stage.control.pubsub('CHANNELS')) as string[])]
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) expect(name).toMatch(/^app:(ssekit|other):\{news\}:/)
  })
})

const nodeRedis =
  (options: Parameters<typeof createClient>[0], isConnected = true, reconnectMs: number | false = 20): Connect =>
  async (url) => {
    const client = createClient({ url, ...options, socket: { reconnectStrategy: () => reconnectMs } })
    client.on('error', () => {})
    if (isConnected) await client.connect()
    return { client, close: () => client.isOpen && client.destroy() }
  }

describe('node-redis', () => {
  test.each<[what: string, connect: Connect]>([
    ['RESP 2', nodeRedis({ RESP: 2 })],
    ['RESP 3', nodeRedis({ RESP: 3 })],
    ['no offline queue', nodeRedis({ disableOfflineQueue: true })],
    ['another database', nodeRedis({ database: 3 })],
    ['buffers instead of strings', nodeRedis({ commandOptions: { typeMapping: { 36: Buffer } } })],
    ['a name', nodeRedis({ name: 'app' })],
    ['pings', nodeRedis({ pingInterval: 10 })],
  ])('works with %s', async (_what, connect) => {
    stage = await Stage.open(connect)
    await works()
  })

  test('is waited for if it is not connected yet, and calls reject with its error after timeoutMs', async () => {
    stage = await Stage.open(nodeRedis({}, false))
    const { backplane, client } = await stage.node({ timeoutMs: 200 })
    const closed = { code: 'ERR_SSE_BACKPLANE', cause: { message: 'The client is closed' } }
    await expect(backplane.publish('news', { event: { data: 1 } })).rejects.toMatchObject(closed)
    await expect(backplane.read('news', 'some-id', 10)).rejects.toMatchObject(closed)
    const patient = stage.nodeOf(client)
    const published = patient.backplane.publish('news', { event: { data: 2 } })
    await (client as ReturnType<typeof createClient>).connect()
    await published
    expect((await stage.stored('news')).map(({ data }) => data)).toEqual([2])
  })
})

describe('a subscriber connection that is lost again before it has resubscribed is restored', () => {
  test.each<[what: string, connect: Connect]>([
    ['ioredis', ioredis({})],
    ['ioredis without resent commands', ioredis({ autoResendUnfulfilledCommands: false })],
    ['node-redis', nodeRedis({})],
  ])('%s', async (_what, connect) => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    // It never compares but for that.
    const [node, publisher] = [await stage.node({ via, compareMs: 0 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    for (const data of [1, 2, 3]) {
      // The reply to SUBSCRIBE on the new connection never arrives.
      const cut = via.cutReplyAfter(0, ({ sent }) => /subscribe/i.test(sent))
      await stage.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await cut
      await until(async () => (await stage.listeners('news')) === 1, 'a subscription')
      await publisher.backplane.publish('news', { event: { data } })
      await loop.receives(data)
    }
    expect(loop.data).toEqual([1, 2, 3])
    expect(loop.gaps).toEqual([])
  })
})

describe('a client that stops reconnecting works again after its owner has connected it', () => {
  test.each<[make: string, connect: Connect]>([
    ['ioredis', ioredis({ retryStrategy: () => null })],
    ['node-redis', nodeRedis({}, true, false)],
  ])('%s', async (_make, connect) => {
    stage = await Stage.open(connect)
    const node = await stage.node({ timeoutMs: 200, compareMs: 50 })
    const { client, backplane } = node
    const loop = await stage.listen(node, 'news')
    await insist(backplane, 'news', 'before')
    await loop.receives('before')
    await stage.redis.kill()
    await expect(backplane.publish('news', { event: { data: 'down' } })).rejects.toMatchObject({
      code: 'ERR_SSE_BACKPLANE',
    })
    await stage.redis.restart()
    await (client as Redis).connect()
    // It receives events of its former subscription and of a new one.
    await insist(backplane, 'news', 'after')
    await loop.receives('after')
    const other = await stage.listen(node, 'other')
    await insist(backplane, 'other', 'new')
    await other.receives('new')
    await until(async () => (await stage.listeners('news')) + (await stage.listeners('other')) === 2, 'bells')
    expect([...new Set(loop.data)]).toEqual(['before', 'after'])
    expect(loop.gaps).toEqual([])
  })
})

describe.each(everyClient)('%s', (_name, connect) => {
  test.each([
    ['a password', { password: 'pass word:@/ü' }],
    ['TLS', { tls: true }],
    ['TLS and a password', { tls: true, password: 'secret' }],
  ])('works with %s', async (_what, options) => {
    stage = await Stage.open(connect, options)
    await works()
  })
})

test('channels of different databases of one server are separate, although their notifications are shared', async () => {
  const databases = [0, 3]
  const options = databases.values()
  stage = await Stage.open((url) => ioredis({ db: options.next().value ?? 0 })(url))
  const [one, other] = [await stage.node({ compareMs: 20 }), await stage.node({ compareMs: 20 })]
  const loops = [await stage.listen(one, 'news'), await stage.listen(other, 'news')]
  for (let round = 0; round < 200; round++) {
    await Promise.all(
      [one, other].map(({ backplane }, index) => backplane.publish('news', { event: { data: `${index} ${round}` } })),
    )
  }
  for (const [index, loop] of loops.entries()) {
    await loop.receives(`${index} 199`)
    expect(loop.data).toEqual(Array.from({ length: 200 }, (_, round) => `${index} ${round}`))
    expect(loop.gaps).toEqual([])
  }
})
