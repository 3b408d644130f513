import { BackoffThrottle } from './backoff-throttle.js'
import type { IoredisClient, IoredisSubscriber } from './client.js'
import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './connection.js'
import type { DetectedIoredis } from './detect-client.js'
import { type Script, ScriptRunner } from './script.js'

/** A client of ioredis. */
export class IoredisConnection implements RedisConnection {
  readonly isCluster: boolean
  readonly keyPrefix: string
  readonly #detected: DetectedIoredis
  readonly #scripts: ScriptRunner
  // A cluster client tells of each command.
  readonly #inFlight: InFlightCommands | undefined

  constructor(detected: DetectedIoredis) {
    this.#detected = detected
    this.#scripts = new ScriptRunner((name, args) => this.#call(name, args))
    if (!detected.isCluster && detected.client.options.autoResendUnfulfilledCommands === false) {
      this.#inFlight = new InFlightCommands(detected.client)
    }
    this.isCluster = detected.isCluster
    this.keyPrefix = detected.client.options.keyPrefix ?? ''
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, keys, args)
  }

  #call(name: string, args: string[]): Promise<unknown> {
    const answer = this.#detected.client.call(name, args)
    return this.#inFlight === undefined ? answer : this.#inFlight.watch(answer)
  }

  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber {
    // What is subscribed before it is connected must wait, whatever the owner wants of commands.
    const enableOfflineQueue = true
    const { isCluster, client } = this.#detected
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
    const { client } = this.#detected
    if (client.listenerCount('error') > 0) client.emit('error', error)
  }

  close(): void {
    this.#inFlight?.close()
  }
}

class IoredisSubscriptions implements RedisSubscriber {
  readonly resubscribes = false
  readonly #subscriber: IoredisSubscriber
  readonly #sharded: boolean
  // While one server of a cluster is down, ioredis tells of new connections a hundred times a second, to the same servers as before.
  readonly #connected: BackoffThrottle

  constructor(subscriber: IoredisSubscriber, events: SubscriberEvents, sharded: boolean) {
    this.#subscriber = subscriber
    this.#sharded = sharded
    this.#connected = new BackoffThrottle(() => events.connected())
    subscriber.on(sharded ? 'smessage' : 'message', (channel: string, message: string) => {
      events.message(channel, message)
    })
    subscriber.on('error', (error: unknown) => events.failed(error))
    // A cluster's subscriptions have connections of their own, which come and go without it.
    for (const event of ['ready', '+subscriber', 'subscribersReady']) subscriber.on(event, this.#connected.trigger)
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

/**
 * Without `autoResendUnfulfilledCommands` ioredis forgets the commands that were under way when a connection was lost, and
 * never tells whoever waits for them. This does.
 */
class InFlightCommands {
  readonly #client: IoredisClient
  readonly #rejects = new Set<(error: Error) => void>()
  #isReady: boolean

  constructor(client: IoredisClient) {
    this.#client = client
    this.#isReady = client.status === 'ready'
    client.on('ready', this.#onReady)
    client.on('close', this.#onClose)
  }

  /** The answer to a command that was just given to the client, or that it is lost. */
  watch<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject)
      answer.then(resolve, reject).finally(() => this.#rejects.delete(reject))
    })
  }

  /** Leaves the client alone. */
  close(): void {
    this.#client.off('ready', this.#onReady)
    this.#client.off('close', this.#onClose)
  }

  readonly #onReady = (): void => {
    this.#isReady = true
  }

  readonly #onClose = (): void => {
    // What was asked for since then waits for the next connection, and is not lost.
    if (!this.#isReady) return
    this.#isReady = false
    for (const reject of this.#rejects) reject(new Error('the connection was lost'))
  }
}
