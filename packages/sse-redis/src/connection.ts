import type { RedisClient } from './client.js'
import { detectClient } from './detect-client.js'
import { IoredisConnection } from './ioredis.js'
import { NodeRedisConnection } from './node-redis.js'
import type { Script } from './script.js'

/** What a connection for subscriptions reports. */
export interface SubscriberEvents {
  message(channel: string, message: string): void
  /** It is connected, for the first time or again. Subscriptions may have to be made again. */
  connected(): void
  failed(error: unknown): void
}

/** Connections for subscriptions, which the backplane opens for itself. */
export interface RedisSubscriber {
  /** Whether the client itself subscribes again after a lost connection. */
  readonly resubscribes: boolean
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): Promise<void>
  close(): void
}

/** The owner's client, whichever library it is of. */
export interface RedisConnection {
  readonly isCluster: boolean
  /** What the client itself puts before each key. */
  readonly keyPrefix: string
  /** Runs a script at the server that has its keys. Rejects with the client's own errors. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** @param sharded whether messages stay within the shard of their channel */
  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber
  /** Emits an error of the backplane's own connection on the owner's client. */
  readonly report: (error: unknown) => void
  /** Removes listeners from the client. The client itself stays open. */
  close(): void
}

/** @throws {TypeError} the client is unknown, or cannot do what a backplane needs */
export function connectionOf(client: RedisClient): RedisConnection {
  const { library, detected } = detectClient(client)
  return library === 'ioredis' ? new IoredisConnection(detected) : new NodeRedisConnection(detected)
}
