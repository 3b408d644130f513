import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { redisBackplane } from '@ssekit/sse-redis'
import { backplaneContract } from '@ssekit/sse-testkit'
import { RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { type Connect, connectIoredis, connectNodeRedis, type OpenClient } from './clients.js'

// Ten thousand events at once keep a busy machine for long.
const timeoutMs = 30_000

describe.each<[string, Connect]>([
  ['ioredis', connectIoredis],
  ['node-redis', connectNodeRedis],
])('on Redis with %s', (_name, connect) => {
  let server: RedisServer
  const clients: OpenClient[] = []
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(async () => {
    for (const { close } of clients) close()
    await server.stop()
  })
  backplaneContract({
    test,
    nodes: async (count, history) => {
      const prefix = randomUUID()
      const opened = await Promise.all(Array.from({ length: count }, () => connect(server.url)))
      clients.push(...opened)
      return opened.map(({ client }) => redisBackplane({ client, prefix, history, timeoutMs, compareMs: 500 }))
    },
    interrupt: async () => {
      await server.kill()
      await server.restart()
    },
    wipe: () => server.restartEmpty(),
    patienceMs: 15_000,
  })
})
