import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { redisBackplane } from '@ssekit/sse-redis'
import { backplaneContract } from '@ssekit/sse-testkit'
import { Redis } from 'ioredis'
import { RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { type Connect, connectIoredis, connectNodeRedis, type OpenClient } from './clients.js'

// Ten thousand events at once take a busy machine long.
const timeoutMs = 30_000

describe.each<[string, Connect]>([
  ['ioredis', connectIoredis],
  ['node-redis', connectNodeRedis],
])('on Redis with %s', (_name, connect) => {
  let server: RedisServer
  let control: Redis
  const clients: OpenClient[] = []
  const prefixes = new WeakMap<Backplane, string>()
  beforeAll(async () => {
    server = await RedisServer.start()
    control = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
    control.on('error', () => {})
  })
  afterAll(async () => {
    for (const { close } of clients) close()
    control.disconnect()
    await server.stop()
  })
  backplaneContract({
    test,
    nodes: async (count, history) => {
      const prefix = randomUUID()
      const opened = await Promise.all(Array.from({ length: count }, () => connect(server.url)))
      clients.push(...opened)
      return opened.map(({ client }) => {
        const backplane = redisBackplane({ client, prefix, history, timeoutMs, compareMs: 500 })
        prefixes.set(backplane, prefix)
        return backplane
      })
    },
    interrupt: async () => {
      await server.kill()
      await server.restart()
    },
    subscriptions: async ([node]) => {
      const names = await control.pubsub('CHANNELS', `${prefixes.get(node as Backplane)}:*`)
      const counts = (await control.pubsub('NUMSUB', ...(names as string[]))) as unknown[]
      return counts.reduce<number>((sum, count, index) => sum + (index % 2 === 1 ? Number(count) : 0), 0)
    },
    wipe: () => server.restartEmpty(),
    patienceMs: 15_000,
  })
})
