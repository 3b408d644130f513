import type { RedisClient } from './client.js'
import { detectClient } from './detect-client.js'
import { IoredisConnection } from './ioredis.js'
import { NodeRedisConnection } from './node-redis.js'
import type { Script } from './script.js'

/** Who hears what a subscriber connection hears. */
export interface SubscriberEvents {
  message(channel: string, message: string): void
  /** It is connected, for the first time or again; what was subscribed may have to be subscribed once more. */
  connected(): void
  failed(error: unknown): void
}

/** Connections for subscriptions, opened by and for the backplane. */
export interface RedisSubscriber {
  /** Whether the client itself subscribes again after it has lost its connection. */
  readonly resubscribes: boolean
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channel: string): Promise<void>
  close(): void
}

/** A Redis client, whichever it is. */
export interface RedisConnection {
  readonly isCluster: boolean
  /** What the client puts before each key by itself. */
  readonly keyPrefix: string
  /** Runs a script at the server that has its keys. Rejects with the client's own errors. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** @param sharded whether messages stay within the shard of their channel */
  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber
  /** Hands on an error of a connection that was opened for the client's owner. */
  readonly report: (error: unknown) => void
  /** Takes from the client what was put to it. It stays as open as it is. */
  close(): void
}

/** @throws {TypeError} it is no client that we know, or one that cannot do what a backplane needs */
export function connectionOf(client: RedisClient): RedisConnection {
  const { library, detected } = detectClient(client)
  return library === 'ioredis' ? new IoredisConnection(detected) : new NodeRedisConnection(detected)
}
