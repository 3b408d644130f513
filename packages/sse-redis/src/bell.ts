import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './client.js'

/** How many channels one command subscribes to at most. */
const MAX_CHANNELS = 1_000

/** Those that are to be subscribed to in this tick. */
interface Round {
  readonly names: Set<string>
  readonly subscribed: Promise<void>
}

export interface BellOptions {
  readonly connection: RedisConnection
  /** The key of a channel's log, which names its bell. */
  readonly keyOf: (channel: string) => string
  readonly sharded: boolean
  readonly onMessage: (channel: string, message: string) => void
  /** The bell may not have been heard for a while, and can be again. */
  readonly onReturn: () => void
}

/**
 * The subscriptions of a process, over one connection of their own (in a cluster with sharded Pub/Sub, one to each shard). What
 * is asked for in one tick is one command.
 */
export class Bell {
  readonly #options: BellOptions
  // Opened when it is first needed: a process that only publishes never does.
  #subscriber: RedisSubscriber | undefined
  readonly #channels = new Map<string, string>()
  #round: Round | undefined
  #isClosed = false

  constructor(options: BellOptions) {
    this.#options = options
  }

  /** Resolves once the server rings for this channel. */
  listen(channel: string): Promise<void> {
    const name = this.#nameOf(channel)
    this.#channels.set(name, channel)
    this.#round ??= this.#newRound()
    this.#round.names.add(name)
    return this.#round.subscribed
  }

  unlisten(channel: string): void {
    const name = this.#nameOf(channel)
    this.#channels.delete(name)
    if (this.#round?.names.delete(name) !== true) this.#unsubscribe(name)
  }

  close(): void {
    this.#isClosed = true
    this.#channels.clear()
    this.#subscriber?.close()
  }

  /** The server rings with the whole key: what a client puts before keys it does not put before names of bells. */
  #nameOf(channel: string): string {
    const { connection, keyOf } = this.#options
    return connection.keyPrefix + keyOf(channel)
  }

  #open(): RedisSubscriber {
    const { connection, sharded, onMessage, onReturn } = this.#options
    const events: SubscriberEvents = {
      message: (name, message) => {
        const channel = this.#channels.get(name)
        if (channel !== undefined) onMessage(channel, message)
        // It was not given back because a connection was lost.
        else this.#unsubscribe(name)
      },
      failed: (error) => connection.report(error),
      connected: () => {
        this.#subscribeAgain().then(onReturn, (error: unknown) => connection.report(error))
      },
    }
    return connection.subscriber(events, sharded)
  }

  #newRound(): Round {
    const names = new Set<string>()
    const subscribed = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => {
      this.#round = undefined
      return this.#subscribe([...names])
    })
    return { names, subscribed }
  }

  async #subscribe(names: readonly string[]): Promise<void> {
    if (this.#isClosed) throw new Error('the backplane was closed')
    this.#subscriber ??= this.#open()
    const subscribing: Promise<void>[] = []
    for (let from = 0; from < names.length; from += MAX_CHANNELS) {
      subscribing.push(this.#subscriber.subscribe(names.slice(from, from + MAX_CHANNELS)))
    }
    await Promise.all(subscribing)
    // Nobody may have waited for it, and a client without a connection may not have been told so.
    for (const name of names) if (!this.#channels.has(name)) this.#unsubscribe(name)
  }

  #unsubscribe(name: string): void {
    // Without a connection there is no subscription either.
    this.#subscriber?.unsubscribe(name).catch(() => {})
  }

  async #subscribeAgain(): Promise<void> {
    if (this.#isClosed || this.#subscriber === undefined || this.#subscriber.resubscribes) return
    await this.#subscribe([...this.#channels.keys()])
  }
}
