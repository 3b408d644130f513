import { randomBytes } from 'node:crypto'
import { type Backplane, type HistoryLimits, inTime, LogFollowers, SseError } from '@ssekit/sse-core'
import { Bell } from './bell.js'
import type { RedisClient } from './client.js'
import { connectionOf } from './connection.js'
import { type ChannelKeys, keysOf } from './keys.js'
import { newsOf, RedisLog } from './log.js'
import { Publisher } from './publisher.js'
import { Retention } from './retention.js'

export interface RedisBackplaneOptions {
  /**
   * A client of node-redis or ioredis, of one server or of a cluster, which you connect and close yourself. Events are
   * published and read through it; for subscriptions the backplane makes a connection of its own by `client.duplicate()`,
   * when somebody first subscribes, and closes it with `close()`.
   */
  readonly client: RedisClient
  /** What the names of all keys and bells begin with; processes with the same prefix share channels. No braces. @defaultValue `'ssekit'` */
  readonly prefix?: string | undefined
  /**
   * What the server keeps of each channel. `maxEvents` is a little more in truth, since streams are trimmed in blocks. A channel
   * to which nothing was published for `maxAgeMs` leaves no events, and no key once nobody follows it any more.
   * The same in all processes. @defaultValue `{ maxEvents: 1000, maxAgeMs: 300_000 }`
   */
  readonly history?: Pick<HistoryLimits, 'maxEvents' | 'maxAgeMs'> | undefined
  /** How long Redis may take to accept an event or to answer a question, in ms, before `ERR_SSE_BACKPLANE`. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the server, in ms: a message that Pub/Sub lost, with none after it, is found
   * within twice that time. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
  /** What may wait for Redis in this process, in bytes of JSON; more is refused with `ERR_SSE_LIMIT` at once. @defaultValue 16 MiB */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Whether a cluster's messages stay within their shard, where the server can do that (Redis 7, Valkey), instead of going to all of its
   * nodes. The same in all processes. @defaultValue true
   */
  readonly sharded?: boolean | undefined
}

/**
 * A backplane on Redis, Valkey, or a cluster of them: each channel is a stream, and a Pub/Sub message says what is new in it.
 *
 * ```ts
 * const client = await createClient({ url: 'redis://127.0.0.1' }).connect()
 * const manager = new SseManager({ backplane: redisBackplane({ client }) })
 * ```
 *
 * Appending and ringing are one step, by a script. `publish` resolves once the server has stored the event; a command whose answer was
 * lost is sent again until `timeoutMs`, and stored once. Subscriptions go on by themselves after a lost connection.
 *
 * @throws {TypeError} `client` is no such client, a pool or a Sentinel client of node-redis, or `prefix` no text without braces
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

    async read(channel, afterId, limit) {
      requireOpen()
      const question = `entries of channel ${JSON.stringify(channel)}`
      const entries = await inTime(log.read(channel, afterId, limit), timeoutMs, question)
      return entries?.map((entry) => followers.dated(entry))
    },

    close() {
      closing ??= close()
      return closing
    },
  }

  /** What was published before is still appended. */
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
