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
  // A cluster client rejects lost commands itself.
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
    // Subscriptions must wait until it is connected, whatever the owner has chosen for commands.
    const enableOfflineQueue = true
    const { isCluster, client } = this.#detected
    const subscriber = isCluster
      ? client.duplicate([], {
          enableOfflineQueue,
          shardedSubscribers: sharded,
          // The check would ask an arbitrary node, and wait for it even if it hangs.
          enableReadyCheck: false,
          // Channel names already have the prefix, and for SSUBSCRIBE ioredis would add it again.
          keyPrefix: '',
          redisOptions: { ...client.options.redisOptions, keyPrefix: '' },
        })
      : client.duplicate({
          enableOfflineQueue,
          // ioredis would subscribe again without reporting when that is done.
          autoResubscribe: false,
          // Otherwise ioredis would not report that a subscription was lost.
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
  // While one server of a cluster is down, ioredis reports new connections to the others a hundred times a second.
  readonly #connected: BackoffThrottle

  constructor(subscriber: IoredisSubscriber, events: SubscriberEvents, sharded: boolean) {
    this.#subscriber = subscriber
    this.#sharded = sharded
    this.#connected = new BackoffThrottle(() => events.connected())
    subscriber.on(sharded ? 'smessage' : 'message', (channel: string, message: string) => {
      events.message(channel, message)
    })
    subscriber.on('error', (error: unknown) => events.failed(error))
    // In a cluster, connections for subscriptions come and go without a `ready`.
    for (const event of ['ready', '+subscriber', 'subscribersReady']) subscriber.on(event, this.#connected.trigger)
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    // It gives up reconnecting if the owner's client is configured to, and can be connected again.
    if (this.#subscriber.status === 'end') await this.#subscriber.connect()
    // All channels of one SSUBSCRIBE must be in one slot.
    if (this.#sharded) await Promise.all(channels.map((channel) => this.#subscriber.ssubscribe(channel)))
    else await this.#subscriber.subscribe(...channels)
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (this.#sharded) await Promise.all(channels.map((channel) => this.#subscriber.sunsubscribe(channel)))
    else await this.#subscriber.unsubscribe(...channels)
  }

  close(): void {
    this.#connected.close()
    this.#subscriber.disconnect()
  }
}

/**
 * Without `autoResendUnfulfilledCommands` ioredis forgets the commands that were in flight when a connection was lost, and never
 * settles their promises. This class rejects them.
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

  /** The answer to a command that was just sent. Rejects if the connection is lost first. */
  watch<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject)
      answer.then(resolve, reject).finally(() => this.#rejects.delete(reject))
    })
  }

  /** Removes its listeners from the client. */
  close(): void {
    this.#client.off('ready', this.#onReady)
    this.#client.off('close', this.#onClose)
  }

  readonly #onReady = (): void => {
    this.#isReady = true
  }

  readonly #onClose = (): void => {
    // Commands sent since the connection was lost wait for the next one, and are not lost.
    if (!this.#isReady) return
    this.#isReady = false
    for (const reject of this.#rejects) reject(new Error('the connection was lost'))
  }
}
