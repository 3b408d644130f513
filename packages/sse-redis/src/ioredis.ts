import { Calm } from './calm.js'
import type { IoredisSubscriber, RedisConnection, RedisSubscriber, SubscriberEvents } from './client.js'
import type { IoredisKind } from './kind.js'
import { type Script, ScriptRunner } from './script.js'
import { Unfulfilled } from './unfulfilled.js'

/** A client of ioredis. */
export class Ioredis implements RedisConnection {
  readonly isCluster: boolean
  readonly keyPrefix: string
  readonly #kind: IoredisKind
  readonly #scripts: ScriptRunner
  // A cluster client tells of each command.
  readonly #unfulfilled: Unfulfilled | undefined

  constructor(kind: IoredisKind) {
    this.#kind = kind
    this.#scripts = new ScriptRunner((name, args) => this.#call(name, args))
    if (!kind.isCluster && kind.client.options.autoResendUnfulfilledCommands === false) {
      this.#unfulfilled = new Unfulfilled(kind.client)
    }
    this.isCluster = kind.isCluster
    this.keyPrefix = kind.client.options.keyPrefix ?? ''
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, keys, args)
  }

  #call(name: string, args: string[]): Promise<unknown> {
    const answer = this.#kind.client.call(name, args)
    return this.#unfulfilled === undefined ? answer : this.#unfulfilled.watch(answer)
  }

  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber {
    // What is subscribed before it is connected must wait, whatever the owner wants of commands.
    const enableOfflineQueue = true
    const { isCluster, client } = this.#kind
    const subscriber = isCluster
      ? client.duplicate([], {
          enableOfflineQueue,
          shardedSubscribers: sharded,
          // It would ask any one of the nodes whether all is well, and wait for the answer of one that hangs.
          enableReadyCheck: false,
          // The names of bells have the prefix already, and ioredis would put it before those of SSUBSCRIBE once more.
          keyPrefix: '',
          redisOptions: { ...client.options.redisOptions, keyPrefix: '' },
        })
      : client.duplicate({
          enableOfflineQueue,
          // It would subscribe again without saying when that is done.
          autoResubscribe: false,
          // Without it, it would not say that a subscription was lost.
          autoResendUnfulfilledCommands: true,
        })
    return new IoredisSubscriptions(subscriber, events, sharded)
  }

  readonly report = (error: unknown): void => {
    const { client } = this.#kind
    if (client.listenerCount('error') > 0) client.emit('error', error)
  }

  close(): void {
    this.#unfulfilled?.close()
  }
}

class IoredisSubscriptions implements RedisSubscriber {
  readonly resubscribes = false
  readonly #subscriber: IoredisSubscriber
  readonly #sharded: boolean
  // While one server of a cluster is down, ioredis tells of new connections a hundred times a second, to the same servers as before.
  readonly #connected: Calm

  constructor(subscriber: IoredisSubscriber, events: SubscriberEvents, sharded: boolean) {
    this.#subscriber = subscriber
    this.#sharded = sharded
    this.#connected = new Calm(() => events.connected())
    subscriber.on(sharded ? 'smessage' : 'message', (channel: string, message: string) => {
      events.message(channel, message)
    })
    subscriber.on('error', (error: unknown) => events.failed(error))
    // A cluster's subscriptions have connections of their own, which come and go without it.
    for (const event of ['ready', '+subscriber', 'subscribersReady']) subscriber.on(event, this.#connected.call)
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    // It has given up, as the owner's client does where it is told to, and can be connected again.
    if (this.#subscriber.status === 'end') await this.#subscriber.connect()
    // Those of one command must be of one shard.
    if (this.#sharded) await Promise.all(channels.map((channel) => this.#subscriber.ssubscribe(channel)))
    else await this.#subscriber.subscribe(...channels)
  }

  async unsubscribe(channel: string): Promise<void> {
    if (this.#sharded) await this.#subscriber.sunsubscribe(channel)
    else await this.#subscriber.unsubscribe(channel)
  }

  close(): void {
    this.#connected.close()
    this.#subscriber.disconnect()
  }
}
