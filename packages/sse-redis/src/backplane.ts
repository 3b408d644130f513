import { randomBytes } from 'node:crypto'
import { type Backplane, type HistoryLimits, LogFollowers, SseError } from '@ssekit/sse-core'
import { Bell } from './bell.js'
import type { RedisClient } from './client.js'
import { connectionOf } from './connection.js'
import { type ChannelKeys, keysOf } from './keys.js'
import { newsOf, RedisLog } from './log.js'
import { Publisher } from './publisher.js'
import { Retention } from './retention.js'

export interface RedisBackplaneOptions {
  /**
   * A client of node-redis or ioredis, for one server or a cluster, which you connect and close yourself. Events are published
   * and read through it. For subscriptions the backplane opens a connection of its own with `client.duplicate()`, on the first
   * subscription, and closes it in `close()`.
   */
  readonly client: RedisClient
  /**
   * What all keys and Pub/Sub channels begin with, without `{` and `}`. Processes with the same prefix share channels.
   * @defaultValue `'ssekit'`
   */
  readonly prefix?: string | undefined
  /**
   * What the server keeps of each channel: how many events (0 counts as 1), and for how long, in ms; `Infinity` is no limit. Streams are
   * trimmed in blocks, so up to a hundred events more are kept, however old, as long as new ones come. A channel without a new event for
   * `maxAgeMs` has no events left, and no keys either once no process follows it. Use the same values in all processes.
   * @defaultValue `{ maxEvents: 1000, maxAgeMs: 300_000 }`
   */
  readonly history?: Pick<HistoryLimits, 'maxEvents' | 'maxAgeMs'> | undefined
  /**
   * How long Redis may take to accept an event or to answer, in ms, before the call rejects with `ERR_SSE_BACKPLANE`.
   * At most 2_147_483_647. @defaultValue 5_000
   */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the server, in ms; 0 never compares. If Pub/Sub loses a message and no other follows,
   * it is found within twice that time. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
  /**
   * How much may wait for Redis in this process, in bytes, 0 or more. An event counts as its JSON and 500 bytes more. Beyond it
   * `publish` rejects at once with `ERR_SSE_LIMIT`; one event is always accepted if nothing else waits. @defaultValue 16 MiB
   */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Whether a cluster's messages stay within their shard, instead of going to all nodes. A cluster of Redis 6.2 cannot do that, and needs
   * `false`. Use the same value in all processes. @defaultValue true
   */
  readonly sharded?: boolean | undefined
}

/**
 * A backplane on Redis, Valkey, or a cluster of them. Each channel is a stream, and a Pub/Sub message says what is new in it.
 *
 * ```ts
 * const client = await createClient({ url: 'redis://127.0.0.1' }).connect()
 * const manager = new SseManager({ backplane: redisBackplane({ client }) })
 * ```
 *
 * A script stores an event and sends its message in one step. `publish` resolves once the server has stored the event. A command whose
 * answer was lost is repeated until `timeoutMs`, and its events are stored once. Subscriptions recover from lost connections by themselves.
 *
 * @throws {TypeError} `client` is not such a client (a pool or a Sentinel client of node-redis is not), or `prefix` is not a string, or
 * contains `{` or `}`
 * @throws {RangeError} a number is out of its range
 */
export function redisBackplane(options: RedisBackplaneOptions): Backplane {
  if (typeof options !== 'object' || options === null) throw new TypeError('redisBackplane() takes { client }')
  const { client, prefix = 'ssekit', history = {}, timeoutMs = 5_000, compareMs = 4_000, sharded = true } = options
  const { maxBufferedBytes = 16 * 1024 * 1024 } = options
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new TypeError(`prefix must be a text without braces, not ${JSON.stringify(prefix)}`)
  }
  const { maxEvents = 1_000, maxAgeMs = 300_000 } = history
  const amounts = { 'history.maxEvents': maxEvents, 'history.maxAgeMs': maxAgeMs, timeoutMs, maxBufferedBytes }
  for (const [name, value] of Object.entries(amounts)) requireAmount(name, value)

  const connection = connectionOf(client)
  const isSharded = sharded && connection.isCluster
  const retention = new Retention(maxEvents, maxAgeMs, compareMs)
  const keys = (channel: string): ChannelKeys => keysOf(prefix, channel)
  const bell = new Bell({
    connection,
    sharded: isSharded,
    keyOf: (channel) => keys(channel).log,
    onMessage: (channel, message) => followers.hear(channel, newsOf(message)),
    onReconnect: (channels) => followers.compare(channels),
  })
  const log = new RedisLog({ connection, keys, retention, bell, name: randomBytes(6).toString('hex') })
  const followers = new LogFollowers(log, { timeoutMs, compareMs })
  const publisher = new Publisher({ connection, keys, retention, timeoutMs, maxBufferedBytes, sharded: isSharded })
  let closing: Promise<void> | undefined
  const requireOpen = (): void => {
    if (closing !== undefined) throw new SseError('ERR_SSE_CLOSED', 'the Redis backplane is closed')
  }

  return {
    async publish(channel, input) {
      requireOpen()
      return publisher.publish(channel, input)
    },

    subscribe: (channel, start, sink) => followers.subscribe(channel, start, sink),

    read: (channel, afterId, limit) => followers.read(channel, afterId, limit),

    close() {
      closing ??= close()
      return closing
    },
  }

  /** Events that were published before are still appended. */
  async function close(): Promise<void> {
    followers.close()
    bell.close()
    await publisher.idle()
    connection.close()
  }
}

function requireAmount(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0))
    throw new RangeError(`${name} must be 0 or more, not ${String(value)}`)
}
