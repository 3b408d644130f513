import type { NodeRedisClusterSubscriber, NodeRedisSubscriber } from './client.js'
import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './connection.js'
import type { DetectedNodeRedis } from './detect-client.js'
import { type Script, ScriptRunner } from './script.js'

/** The time limit of the first attempt to connect to a cluster, in ms. It doubles with each attempt. */
const CONNECT_TIMEOUT_MS = 1_000

/** A client of node-redis. */
export class NodeRedisConnection implements RedisConnection {
  readonly isCluster: boolean
  // `sendCommand` adds no prefix.
  readonly keyPrefix = ''
  readonly #detected: DetectedNodeRedis
  readonly #scripts: ScriptRunner

  constructor(detected: DetectedNodeRedis) {
    this.#detected = detected
    this.isCluster = detected.isCluster
    this.#scripts = new ScriptRunner((name, args) =>
      // The first key follows the digest or source and the number of keys.
      detected.isCluster
        ? detected.client.sendCommand(args[2] ?? '', false, [name, ...args])
        : detected.client.sendCommand([name, ...args]),
    )
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripts.run(script, keys, args)
  }

  subscriber(events: SubscriberEvents, sharded: boolean): RedisSubscriber {
    const { isCluster, client } = this.#detected
    // Otherwise it would connect to all masters, though it sends no commands, and wait for one that is down.
    const open = () => (isCluster ? client.duplicate({ minimizeConnections: true }) : client.duplicate())
    return new NodeRedisSubscriptions({
      open,
      events,
      sharded,
      connectTimeoutMs: isCluster ? CONNECT_TIMEOUT_MS : undefined,
    })
  }

  readonly report = (error: unknown): void => {
    const { client } = this.#detected
    if (client.listenerCount('error') > 0) client.emit('error', error)
  }

  close(): void {}
}

type Subscriber = NodeRedisSubscriber | NodeRedisClusterSubscriber

interface SubscriptionsOptions {
  readonly open: () => Subscriber
  readonly events: SubscriberEvents
  readonly sharded: boolean
  /** How long an attempt to connect may take before the next one, in ms. Default: no limit */
  readonly connectTimeoutMs: number | undefined
}

class NodeRedisSubscriptions implements RedisSubscriber {
  readonly resubscribes = true
  readonly #options: SubscriptionsOptions
  readonly #listener: (message: string, channel: string) => void
  #subscriber: Subscriber
  #connecting: Promise<unknown> | undefined
  #isConnected = false
  #isClosed = false

  constructor(options: SubscriptionsOptions) {
    this.#options = options
    this.#listener = (message, channel) => options.events.message(channel, message)
    this.#subscriber = this.#open()
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    await this.#connect()
    const subscriber = this.#subscriber
    if (this.#options.sharded && 'sSubscribe' in subscriber) {
      // All channels of one SSUBSCRIBE must be in one slot.
      await Promise.all(channels.map((channel) => subscriber.sSubscribe(channel, this.#listener)))
    } else await subscriber.subscribe([...channels], this.#listener)
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    const subscriber = this.#subscriber
    // It has given up reconnecting: there is no subscription, and no answer would come.
    if (!subscriber.isOpen) return
    // Without the listener node-redis would consider the channels subscribed until the answer arrives, and a new subscription before
    // that would never receive anything.
    if (this.#options.sharded && 'sUnsubscribe' in subscriber) {
      await Promise.all(channels.map((channel) => subscriber.sUnsubscribe(channel, this.#listener)))
    } else await subscriber.unsubscribe([...channels], this.#listener)
  }

  close(): void {
    this.#isClosed = true
    destroy(this.#subscriber)
  }

  #open(): Subscriber {
    const { open, events } = this.#options
    const subscriber = open()
    subscriber.on('error', (error: unknown) => events.failed(error))
    for (const event of ['ready', 'sharded-channel-moved']) subscriber.on(event, () => events.connected())
    return subscriber
  }

  #connect(): Promise<unknown> {
    // It gives up reconnecting if the owner's client is configured to, and can be connected again.
    if (this.#isConnected && !this.#subscriber.isOpen) this.#connecting = undefined
    this.#connecting ??= this.#connectNow()
    return this.#connecting
  }

  async #connectNow(): Promise<void> {
    this.#isConnected = false
    try {
      // A cluster client asks an arbitrary server for the list of all servers. If that one hangs, so does the client, over a connection
      // that nobody else can close until then. So each attempt gets more time.
      let { connectTimeoutMs } = this.#options
      while (!(await isFulfilled(this.#subscriber.connect(), connectTimeoutMs)) && !this.#isClosed) {
        destroy(this.#subscriber)
        this.#subscriber = this.#open()
        connectTimeoutMs = connectTimeoutMs && 2 * connectTimeoutMs
      }
      this.#isConnected = true
    } catch (error) {
      // The next caller tries again.
      this.#connecting = undefined
      throw error
    }
  }
}

/** Destroying a client that is not connected would throw. */
function destroy(subscriber: Subscriber): void {
  if (subscriber.isOpen) subscriber.destroy()
}

/** Whether a promise is fulfilled in time. Rejects if it rejects before that. */
function isFulfilled(promise: Promise<unknown>, limitMs: number | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = limitMs === undefined ? undefined : setTimeout(resolve, limitMs, false).unref()
    promise.then(() => resolve(true), reject).finally(() => clearTimeout(timer))
  })
}
