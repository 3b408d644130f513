import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './connection.js'
import { SubscriptionBatcher } from './subscription-batcher.js'
import { isTransient } from './transient-errors.js'

/** The most channels that one command subscribes to, or unsubscribes. */
const MAX_CHANNELS = 1_000

export interface BellOptions {
  readonly connection: RedisConnection
  /** The key of a channel's log, which is also the name of its Pub/Sub channel. */
  readonly keyOf: (channel: string) => string
  readonly sharded: boolean
  readonly onMessage: (channel: string, message: string) => void
  /** Messages of these channels may have been lost for a while, and arrive again. */
  readonly onReconnect: (channels: readonly string[]) => void
}

/** The pause before a subscription that failed is tried again, in ms. */
const RETRY_MS = 1_000

/** A promise for those who wait for a subscription. */
interface Waiting {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * The subscriptions of a process, over a connection of their own (in a cluster with sharded Pub/Sub, one per shard).
 *
 * They change in rounds. With sharded Pub/Sub each channel has rounds of its own: it takes its own command anyway, and a channel whose
 * server does not answer must not hold up the others.
 */
export class Bell {
  readonly #options: BellOptions
  // Opened when it is first needed: a process that only publishes never needs it.
  #subscriber: RedisSubscriber | undefined
  readonly #channels = new Map<string, string>()
  readonly #waiting = new Map<string, Waiting>()
  // Only those with changes to make.
  readonly #batchers = new Map<string, SubscriptionBatcher>()
  // Names that the server may send messages for, and names whose subscription failed.
  readonly #maybeSubscribed = new Set<string>()
  readonly #toRetry = new Set<string>()
  #retryTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: BellOptions) {
    this.#options = options
  }

  /** Resolves once the process is subscribed to this channel. */
  listen(channel: string): Promise<void> {
    const name = this.#nameOf(channel)
    this.#channels.set(name, channel)
    let waiting = this.#waiting.get(name)
    if (waiting === undefined) {
      waiting = newWaiting()
      this.#waiting.set(name, waiting)
    }
    void this.#batcherOf(name).subscribe(name)
    return waiting.promise
  }

  unlisten(channel: string): void {
    const name = this.#nameOf(channel)
    this.#channels.delete(name)
    this.#settle(name, new Error('the subscription was released'))
    if (this.#isClosed) return
    const batcher = this.#batcherOf(name)
    const wasNeverSent = batcher.cancel(name) && !this.#maybeSubscribed.has(name)
    if (!wasNeverSent) batcher.unsubscribe(name)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retryTimer)
    this.#channels.clear()
    for (const batcher of this.#batchers.values()) batcher.close()
    for (const name of [...this.#waiting.keys()]) this.#settle(name, new Error('the backplane was closed'))
    this.#subscriber?.close()
  }

  /** Messages are published under the whole key. A client puts its `keyPrefix` before keys, but not before names of channels. */
  #nameOf(channel: string): string {
    const { connection, keyOf } = this.#options
    return connection.keyPrefix + keyOf(channel)
  }

  #batcherOf(name: string): SubscriptionBatcher {
    const key = this.#options.sharded ? name : ''
    let batcher = this.#batchers.get(key)
    if (batcher === undefined) {
      const made = new SubscriptionBatcher({
        subscribe: (names) => this.#subscribeAll(made, names),
        unsubscribe: (names) => this.#unsubscribeAll(names),
        onIdle: () => this.#batchers.delete(key),
      })
      batcher = made
      this.#batchers.set(key, batcher)
    }
    return batcher
  }

  #settle(name: string, error?: unknown): void {
    const waiting = this.#waiting.get(name)
    this.#waiting.delete(name)
    if (error === undefined) waiting?.resolve()
    else waiting?.reject(error)
  }

  async #unsubscribeAll(names: readonly string[]): Promise<void> {
    const report = (error: unknown): void => {
      if (!this.#isClosed) this.#options.connection.report(error)
    }
    await Promise.all(commandsOf(names).map((some) => this.#subscriber?.unsubscribe(some).catch(report)))
    for (const name of names) this.#maybeSubscribed.delete(name)
  }

  async #subscribeAll(batcher: SubscriptionBatcher, names: readonly string[]): Promise<void> {
    // Messages may arrive from now on, even if the answer or the connection is lost.
    for (const name of names) this.#maybeSubscribed.add(name)
    await Promise.all(commandsOf(names).map((some) => this.#subscribe(batcher, some)))
  }

  /** Subscribes to some names by one command, and settles each of them. */
  async #subscribe(batcher: SubscriptionBatcher, names: readonly string[]): Promise<void> {
    if (this.#isClosed) return
    try {
      this.#subscriber ??= this.#open()
      await this.#subscriber.subscribe(names)
      for (const name of names) {
        // It may have been released in the meantime and requested again.
        if (!batcher.willSubscribe(name)) this.#settle(name)
      }
    } catch (error) {
      if (names.length > 1 && !isTransient(error)) {
        // The server refuses a whole command if the user may not subscribe to one of its names.
        await Promise.all(names.map((name) => this.#subscribe(batcher, [name])))
        return
      }
      for (const name of names) if (!batcher.willSubscribe(name)) this.#settle(name, error)
      this.#retryLater(names)
    }
  }

  /** Callers that waited release their channels. Those still followed were lost with a connection, and only this restores them. */
  #retryLater(names: readonly string[]): void {
    if (this.#isClosed) return
    for (const name of names) this.#toRetry.add(name)
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      const failed = [...this.#toRetry]
      this.#toRetry.clear()
      this.#onConnected(failed)
    }, RETRY_MS).unref()
  }

  #open(): RedisSubscriber {
    const { connection, sharded, onMessage } = this.#options
    const events: SubscriberEvents = {
      message: (name, message) => {
        const channel = this.#channels.get(name)
        if (channel !== undefined) onMessage(channel, message)
        // It was released while the connection was lost, and some clients subscribe to it again on the next one.
        else if (!this.#isClosed) this.#batcherOf(name).unsubscribe(name)
      },
      failed: (error) => connection.report(error),
      // All of them: a connection that is lost at once may take requests with it without a word.
      connected: () => this.#onConnected(this.#channels.keys()),
    }
    return connection.subscriber(events, sharded)
  }

  /** A connection is ready: subscriptions of the previous one must be requested again. */
  #onConnected(names: Iterable<string>): void {
    const all = new Map<Promise<void> | undefined, string[]>()
    for (const name of names) {
      const channel = this.#channels.get(name)
      if (channel === undefined) continue
      const subscribing = this.#subscriber?.resubscribes === false ? this.#batcherOf(name).subscribe(name) : undefined
      const channels = all.get(subscribing)
      if (channels === undefined) all.set(subscribing, [channel])
      else channels.push(channel)
    }
    for (const [subscribing, channels] of all) void this.#reportReconnect(subscribing, channels)
  }

  async #reportReconnect(subscribing: Promise<void> | undefined, channels: readonly string[]): Promise<void> {
    await subscribing
    if (!this.#isClosed) this.#options.onReconnect(channels)
  }
}

/** Divides names among commands. */
function commandsOf(names: readonly string[]): (readonly string[])[] {
  const all: (readonly string[])[] = []
  for (let from = 0; from < names.length; from += MAX_CHANNELS) all.push(names.slice(from, from + MAX_CHANNELS))
  return all
}

function newWaiting(): Waiting {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // If it is released at once, nobody may be waiting for it.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
