// Compiled, never run: a pool, which the oldest supported node-redis does not export.
import { redisBackplane } from '@ssekit/sse-redis'
import { createClientPool } from 'redis'

// @ts-expect-error a pool cannot open a connection for subscriptions
redisBackplane({ client: createClientPool() })
