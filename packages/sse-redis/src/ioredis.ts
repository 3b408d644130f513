import type {
  IoredisClient,
  IoredisCluster,
  IoredisSubscriber,
  RedisConnection,
  RedisSubscriber,
  SubscriberEvents,
} from './client.js'
import { type Script, ScriptRunner } from './script.js'

/** A client of ioredis. */
export class Ioredis implements RedisConnection {
  readonly isCluster: boolean
  readonly keyPrefix: string
  readonly #client: IoredisClient | IoredisCluster
  readonly #scripts: ScriptRunner

  constructor(client: IoredisClient | IoredisCluster) {
    this.#client = client
    this.#scripts = new ScriptRunner((name, args) => client.call(name, args))
    this.isCluster = client.isCluster
    this.keyPrefix = client.options.keyPrefix ?? ''
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, keys, args)
  }

  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber {
    // What is subscribed before it is connected must wait, whatever the owner wants of commands.
    const enableOfflineQueue = true
    const subscriber = this.isCluster
      ? (this.#client as IoredisCluster).duplicate([], { enableOfflineQueue, shardedSubscribers: sharded })
      : // It would subscribe again without saying when that is done.
        (this.#client as IoredisClient).duplicate({ enableOfflineQueue, autoResubscribe: false })
    return new IoredisSubscriptions(subscriber, events, sharded)
  }

  readonly report = (error: unknown): void => {
    if (this.#client.listenerCount('error') > 0) this.#client.emit('error', error)
  }
}

class IoredisSubscriptions implements RedisSubscriber {
  readonly resubscribes = false
  readonly #subscriber: IoredisSubscriber
  readonly #sharded: boolean

  constructor(subscriber: IoredisSubscriber, events: SubscriberEvents, sharded: boolean) {
    this.#subscriber = subscriber
    this.#sharded = sharded
    subscriber.on(sharded ? 'smessage' : 'message', (channel: string, message: string) => {
      events.message(channel, message)
    })
    subscriber.on('error', (error: unknown) => events.failed(error))
    // A cluster's subscriptions have connections of their own, which come and go without it.
    for (const event of ['ready', '+subscriber', 'subscribersReady']) subscriber.on(event, () => events.connected())
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    // Those of one command must be of one shard.
    if (this.#sharded) await Promise.all(channels.map((channel) => this.#subscriber.ssubscribe(channel)))
    else await this.#subscriber.subscribe(...channels)
  }

  async unsubscribe(channel: string): Promise<void> {
    if (this.#sharded) await this.#subscriber.sunsubscribe(channel)
    else await this.#subscriber.unsubscribe(channel)
  }

  close(): void {
    this.#subscriber.disconnect()
  }
}
