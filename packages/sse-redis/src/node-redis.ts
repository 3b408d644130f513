import type { NodeRedisClusterSubscriber, NodeRedisSubscriber } from './client.js'
import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './connection.js'
import type { DetectedNodeRedis } from './detect-client.js'
import { type Script, ScriptRunner } from './script.js'

/** How long the first attempt to connect to a cluster is given, in ms; each further one twice as long. */
const CONNECT_TIMEOUT_MS = 1_000

/** A client of node-redis. */
export class NodeRedisConnection implements RedisConnection {
  readonly isCluster: boolean
  // Commands that are sent as they are get no prefix.
  readonly keyPrefix = ''
  readonly #detected: DetectedNodeRedis
  readonly #scripts: ScriptRunner

  constructor(detected: DetectedNodeRedis) {
    this.#detected = detected
    this.isCluster = detected.isCluster
    this.#scripts = new ScriptRunner((name, args) =>
      // Digest or source, and the number of keys, come before the first key.
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
    // Else it would connect to all masters for commands, which it has none of, and wait for one that is down.
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
  /** How long it may take to connect before it is tried anew, in ms. Default: for ever */
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
      // Those of one command must be of one shard.
      await Promise.all(channels.map((channel) => subscriber.sSubscribe(channel, this.#listener)))
    } else await subscriber.subscribe([...channels], this.#listener)
  }

  async unsubscribe(channel: string): Promise<void> {
    const subscriber = this.#subscriber
    // It has given up: there is no subscription, and nobody who would answer.
    if (!subscriber.isOpen) return
    // Without the listener node-redis would take the channel for subscribed until the answer is there, and who subscribes again
    // before that would never hear it.
    if (this.#options.sharded && 'sUnsubscribe' in subscriber) await subscriber.sUnsubscribe(channel, this.#listener)
    else await subscriber.unsubscribe([channel], this.#listener)
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
    // It has given up, as the owner's client does where it is told to, and can be connected again.
    if (this.#isConnected && !this.#subscriber.isOpen) this.#connecting = undefined
    this.#connecting ??= this.#connectNow()
    return this.#connecting
  }

  async #connectNow(): Promise<void> {
    this.#isConnected = false
    try {
      // Which servers there are a cluster's client asks any one of them, and waits for as long as that one hangs: over a connection
      // that it keeps until then, and that nobody else can close. So there is more patience each time.
      let { connectTimeoutMs } = this.#options
      while (!(await isFulfilled(this.#subscriber.connect(), connectTimeoutMs)) && !this.#isClosed) {
        destroy(this.#subscriber)
        this.#subscriber = this.#open()
        connectTimeoutMs = connectTimeoutMs && 2 * connectTimeoutMs
      }
      this.#isConnected = true
    } catch (error) {
      // The next one tries again.
      this.#connecting = undefined
      throw error
    }
  }
}

/** One that is not connected has nothing to destroy, and says so by an error. */
function destroy(subscriber: Subscriber): void {
  if (subscriber.isOpen) subscriber.destroy()
}

/** Whether it is fulfilled in time; rejects if it is rejected by then. */
function isFulfilled(promise: Promise<unknown>, limitMs: number | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = limitMs === undefined ? undefined : setTimeout(resolve, limitMs, false).unref()
    promise.then(() => resolve(true), reject).finally(() => clearTimeout(timer))
  })
}
