// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.

import { type Backplane, SseManager } from '@ssekit/sse-core'
import { type RedisClient, redisBackplane } from '@ssekit/sse-redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'

const backplane: Backplane = redisBackplane({ client: new Redis() })
redisBackplane({ client: new Cluster(['redis://127.0.0.1']) })
redisBackplane({ client: createClient() })
redisBackplane({ client: createClient({ RESP: 2 }) })
redisBackplane({ client: createCluster({ rootNodes: [{ url: 'redis://127.0.0.1' }] }) })
redisBackplane({ client: await createClient().on('error', console.error).connect() })
const clients: RedisClient[] = [new Redis(), createClient()]
redisBackplane({
  client: clients[0] as RedisClient,
  history: { maxEvents: 10 },
  prefix: 'a',
  timeoutMs: 1,
  sharded: false,
})
new SseManager({ backplane })

// @ts-expect-error it needs a client
redisBackplane({})
// @ts-expect-error an address is not a client
redisBackplane({ client: 'redis://127.0.0.1' })
// @ts-expect-error a Sentinel client has another way to send commands
redisBackplane({ client: createSentinel({ name: 'a', sentinelRootNodes: [] }) })
// @ts-expect-error a stream has no limit of bytes
redisBackplane({ client: new Redis(), history: { maxBytes: 1 } })
