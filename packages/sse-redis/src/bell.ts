import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './client.js'

/** How many channels one command subscribes to at most. */
const MAX_CHANNELS = 1_000

export interface BellOptions {
  readonly connection: RedisConnection
  /** The key of a channel's log, which names its bell. */
  readonly keyOf: (channel: string) => string
  readonly sharded: boolean
  readonly onMessage: (channel: string, message: string) => void
  /** The bell may not have been heard for a while, and can be again. */
  readonly onReturn: () => void
}

/** How long after a subscription that could not be made again the next attempt is, in ms. */
const AGAIN_MS = 1_000

/** Who waits for a subscription. */
interface Listening {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/**
 * The subscriptions of a process, over one connection of their own (in a cluster with sharded Pub/Sub, one to each shard).
 *
 * They change in rounds, one behind the other, each with all that was asked for meanwhile: ten thousand channels are a
 * few commands, and no client is given a subscription to take back that it is still making.
 */
export class Bell {
  readonly #options: BellOptions
  // Opened when it is first needed: a process that only publishes never does.
  #subscriber: RedisSubscriber | undefined
  readonly #channels = new Map<string, string>()
  readonly #listening = new Map<string, Listening>()
  // What the server may ring for, what it is to ring for as well, and what no more: names.
  readonly #rung = new Set<string>()
  readonly #joining = new Set<string>()
  readonly #leaving = new Set<string>()
  #changing: Promise<void> | undefined
  #again: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: BellOptions) {
    this.#options = options
  }

  /** Resolves once the server rings for this channel. */
  listen(channel: string): Promise<void> {
    const name = this.#nameOf(channel)
    this.#channels.set(name, channel)
    this.#leaving.delete(name)
    this.#joining.add(name)
    let listening = this.#listening.get(name)
    if (listening === undefined) {
      listening = newListening()
      this.#listening.set(name, listening)
    }
    void this.#change()
    return listening.promise
  }

  unlisten(channel: string): void {
    const name = this.#nameOf(channel)
    this.#channels.delete(name)
    this.#settle(name, new Error('the subscription was given back'))
    const isOnlyWanted = this.#joining.delete(name) && !this.#rung.has(name)
    if (isOnlyWanted || this.#isClosed) return
    this.#leaving.add(name)
    void this.#change()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#again)
    this.#channels.clear()
    this.#joining.clear()
    this.#leaving.clear()
    for (const name of [...this.#listening.keys()]) this.#settle(name, new Error('the backplane was closed'))
    this.#subscriber?.close()
  }

  /** The server rings with the whole key: what a client puts before keys it does not put before names of bells. */
  #nameOf(channel: string): string {
    const { connection, keyOf } = this.#options
    return connection.keyPrefix + keyOf(channel)
  }

  #settle(name: string, error?: unknown): void {
    const listening = this.#listening.get(name)
    this.#listening.delete(name)
    if (error === undefined) listening?.resolve()
    else listening?.reject(error)
  }

  /** Resolves when the server rings for what it is to ring for, as far as that can be had. Never rejects. */
  #change(): Promise<void> {
    this.#changing ??= this.#changeInRounds().finally(() => {
      this.#changing = undefined
    })
    return this.#changing
  }

  async #changeInRounds(): Promise<void> {
    // What is asked for in the same tick is in the same round.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    while (this.#joining.size > 0 || this.#leaving.size > 0) {
      await this.#leave(take(this.#leaving))
      await this.#join(take(this.#joining))
    }
  }

  async #leave(names: readonly string[]): Promise<void> {
    const report = (error: unknown): void => {
      if (!this.#isClosed) this.#options.connection.report(error)
    }
    await Promise.all(names.map((name) => this.#subscriber?.unsubscribe(name).catch(report)))
    for (const name of names) this.#rung.delete(name)
  }

  async #join(names: readonly string[]): Promise<void> {
    // It may hear of it, whatever becomes of the answer, or of the connection.
    for (const name of names) this.#rung.add(name)
    try {
      await this.#subscribe(names)
      for (const name of names) {
        // Unless it was given back meanwhile, and is asked for again.
        if (!this.#joining.has(name)) this.#settle(name)
      }
    } catch (error) {
      for (const name of names) if (!this.#joining.has(name)) this.#settle(name, error)
      // Whoever waited gives it back. What is followed still was lost with a connection, and nobody else asks for it.
      this.#again ??= setTimeout(() => {
        this.#again = undefined
        if (this.#channels.size > 0) void this.#return()
      }, AGAIN_MS).unref()
    }
  }

  async #subscribe(names: readonly string[]): Promise<void> {
    if (this.#isClosed || names.length === 0) return
    this.#subscriber ??= this.#open()
    const subscribing: Promise<void>[] = []
    for (let from = 0; from < names.length; from += MAX_CHANNELS) {
      subscribing.push(this.#subscriber.subscribe(names.slice(from, from + MAX_CHANNELS)))
    }
    await Promise.all(subscribing)
  }

  #open(): RedisSubscriber {
    const { connection, sharded, onMessage } = this.#options
    const events: SubscriberEvents = {
      message: (name, message) => {
        const channel = this.#channels.get(name)
        if (channel !== undefined) onMessage(channel, message)
        else this.#leaveAgain(name)
      },
      failed: (error) => connection.report(error),
      connected: () => void this.#return(),
    }
    return connection.subscriber(events, sharded)
  }

  /** It was given back while a connection was lost, of which not every client tells the next one. */
  #leaveAgain(name: string): void {
    if (this.#isClosed) return
    this.#leaving.add(name)
    void this.#change()
  }

  /** The connection is there again: what the server rang for over the former one must be asked for anew. */
  async #return(): Promise<void> {
    if (this.#subscriber?.resubscribes === false) {
      // All of them: what was asked for over a connection that was lost at once may have been told to nobody.
      for (const name of this.#channels.keys()) this.#joining.add(name)
      await this.#change()
    }
    if (!this.#isClosed) this.#options.onReturn()
  }
}

function newListening(): Listening {
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

/** All of a set, which is empty then. */
function take(names: Set<string>): string[] {
  const all = [...names]
  names.clear()
  return all
}
