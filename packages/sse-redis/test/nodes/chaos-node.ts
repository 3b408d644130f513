import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { chaosNode } from '../../../sse-testkit/test/chaos/chaos-node.js'
import { obey } from '../../../sse-testkit/test/stress/commands.js'
import { redisBackplane } from '../../src/index.js'

/** How long a client waits for a handshake that was cut off, and before it reconnects. */
const TIMES = { connectTimeout: 1_000, reconnectMs: 50 }

obey(
  chaosNode(async ({ port, library, history }) => {
    // The broker may be down: none of them waits for it.
    const client = library === 'ioredis' ? withIoredis(port) : withNodeRedis(port)
    client.on('error', () => {})
    return redisBackplane({ client, history, timeoutMs: 2_000, compareMs: 500 })
  }),
)

function withIoredis(port: number): Redis {
  return new Redis({
    port,
    host: '127.0.0.1',
    connectTimeout: TIMES.connectTimeout,
    retryStrategy: () => TIMES.reconnectMs,
  })
}

function withNodeRedis(port: number) {
  const { connectTimeout, reconnectMs } = TIMES
  const client = createClient({
    socket: { port, host: '127.0.0.1', connectTimeout, reconnectStrategy: () => reconnectMs },
  })
  void client.connect()
  return client
}
