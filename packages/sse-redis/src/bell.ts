import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './connection.js'
import { SubscriptionBatcher } from './subscription-batcher.js'
import { isTransient } from './transient-errors.js'

/** How many channels one command subscribes to at most. */
const MAX_CHANNELS = 1_000

export interface BellOptions {
  readonly connection: RedisConnection
  /** The key of a channel's log, which names its bell. */
  readonly keyOf: (channel: string) => string
  readonly sharded: boolean
  readonly onMessage: (channel: string, message: string) => void
  /** The bell of these may not have been heard for a while, and can be again. */
  readonly onReconnect: (channels: readonly string[]) => void
}

/** How long after a subscription that could not be made again the next attempt is, in ms. */
const RETRY_MS = 1_000

/** Who waits for a subscription. */
interface Waiting {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * The subscriptions of a process, over one connection of their own (in a cluster with sharded Pub/Sub, one to each shard).
 *
 * They change in rounds. Where messages stay within their shard, each channel has rounds of its own: it takes a command of its own anyway,
 * and one that is at a server which does not answer must not hold up the others.
 */
export class Bell {
  readonly #options: BellOptions
  // Opened when it is first needed: a process that only publishes never does.
  #subscriber: RedisSubscriber | undefined
  readonly #channels = new Map<string, string>()
  readonly #waiting = new Map<string, Waiting>()
  // Of those that have something to change.
  readonly #batchers = new Map<string, SubscriptionBatcher>()
  // What the server may ring for, and what it could not be asked for: names.
  readonly #maybeSubscribed = new Set<string>()
  readonly #toRetry = new Set<string>()
  #retryTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: BellOptions) {
    this.#options = options
  }

  /** Resolves once the server rings for this channel. */
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
    this.#settle(name, new Error('the subscription was given back'))
    if (this.#isClosed) return
    const batcher = this.#batcherOf(name)
    const isNotUnderWay = batcher.cancel(name) && !this.#maybeSubscribed.has(name)
    if (!isNotUnderWay) batcher.unsubscribe(name)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retryTimer)
    this.#channels.clear()
    for (const batcher of this.#batchers.values()) batcher.close()
    for (const name of [...this.#waiting.keys()]) this.#settle(name, new Error('the backplane was closed'))
    this.#subscriber?.close()
  }

  /** The server rings with the whole key: what a client puts before keys it does not put before names of bells. */
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
    await Promise.all(names.map((name) => this.#subscriber?.unsubscribe(name).catch(report)))
    for (const name of names) this.#maybeSubscribed.delete(name)
  }

  async #subscribeAll(batcher: SubscriptionBatcher, names: readonly string[]): Promise<void> {
    // It may hear of it, whatever becomes of the answer, or of the connection.
    for (const name of names) this.#maybeSubscribed.add(name)
    const subscribing: Promise<void>[] = []
    for (let from = 0; from < names.length; from += MAX_CHANNELS) {
      subscribing.push(this.#subscribe(batcher, names.slice(from, from + MAX_CHANNELS)))
    }
    await Promise.all(subscribing)
  }

  /** Asks for some by one command, and tells whoever waits for one of them what has become of it. */
  async #subscribe(batcher: SubscriptionBatcher, names: readonly string[]): Promise<void> {
    if (this.#isClosed) return
    try {
      this.#subscriber ??= this.#open()
      await this.#subscriber.subscribe(names)
      for (const name of names) {
        // Unless it was given back meanwhile, and is asked for again.
        if (!batcher.willSubscribe(name)) this.#settle(name)
      }
    } catch (error) {
      if (names.length > 1 && !isTransient(error)) {
        // Because of one that the user may not hear the server refuses the others of its command.
        await Promise.all(names.map((name) => this.#subscribe(batcher, [name])))
        return
      }
      for (const name of names) if (!batcher.willSubscribe(name)) this.#settle(name, error)
      this.#retryLater(names)
    }
  }

  /** Whoever waited gives it back. What is followed still was lost with a connection, and nobody else asks for it. */
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
        // It was given back while a connection was lost, of which not every client tells the next one.
        else if (!this.#isClosed) this.#batcherOf(name).unsubscribe(name)
      },
      failed: (error) => connection.report(error),
      // All of them: what was asked for over a connection that was lost at once may have been told to nobody.
      connected: () => this.#onConnected(this.#channels.keys()),
    }
    return connection.subscriber(events, sharded)
  }

  /** A connection is there again: what the server rang for over the former one must be asked for anew. */
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

function newWaiting(): Waiting {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Given back at once, it may have nobody who waits.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
