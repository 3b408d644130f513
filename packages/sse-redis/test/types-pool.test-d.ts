// Compiled, never run: a pool, which the oldest node-redis that we take does not export.
import { redisBackplane } from '@ssekit/sse-redis'
import { createClientPool } from 'redis'

// @ts-expect-error a pool can make no connection for subscriptions
redisBackplane({ client: createClientPool() })
