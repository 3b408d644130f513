import type { RedisConnection, RedisSubscriber, SubscriberEvents } from './client.js'
import { Rounds } from './rounds.js'
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
  readonly onReturn: (channels: readonly string[]) => void
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
 * They change in rounds. Where messages stay within their shard, each channel has rounds of its own: it takes a command of its own anyway,
 * and one that is at a server which does not answer must not hold up the others.
 */
export class Bell {
  readonly #options: BellOptions
  // Opened when it is first needed: a process that only publishes never does.
  #subscriber: RedisSubscriber | undefined
  readonly #channels = new Map<string, string>()
  readonly #listening = new Map<string, Listening>()
  // Of those that have something to change.
  readonly #rounds = new Map<string, Rounds>()
  // What the server may ring for, and what it could not be asked for: names.
  readonly #rung = new Set<string>()
  readonly #failed = new Set<string>()
  #again: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: BellOptions) {
    this.#options = options
  }

  /** Resolves once the server rings for this channel. */
  listen(channel: string): Promise<void> {
    const name = this.#nameOf(channel)
    this.#channels.set(name, channel)
    let listening = this.#listening.get(name)
    if (listening === undefined) {
      listening = newListening()
      this.#listening.set(name, listening)
    }
    void this.#roundsOf(name).join(name)
    return listening.promise
  }

  unlisten(channel: string): void {
    const name = this.#nameOf(channel)
    this.#channels.delete(name)
    this.#settle(name, new Error('the subscription was given back'))
    if (this.#isClosed) return
    const rounds = this.#roundsOf(name)
    const isOnlyWanted = rounds.forget(name) && !this.#rung.has(name)
    if (!isOnlyWanted) rounds.leave(name)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#again)
    this.#channels.clear()
    for (const rounds of this.#rounds.values()) rounds.close()
    for (const name of [...this.#listening.keys()]) this.#settle(name, new Error('the backplane was closed'))
    this.#subscriber?.close()
  }

  /** The server rings with the whole key: what a client puts before keys it does not put before names of bells. */
  #nameOf(channel: string): string {
    const { connection, keyOf } = this.#options
    return connection.keyPrefix + keyOf(channel)
  }

  #roundsOf(name: string): Rounds {
    const key = this.#options.sharded ? name : ''
    let rounds = this.#rounds.get(key)
    if (rounds === undefined) {
      const made = new Rounds({
        join: (names) => this.#join(made, names),
        leave: (names) => this.#leave(names),
        onRest: () => this.#rounds.delete(key),
      })
      rounds = made
      this.#rounds.set(key, rounds)
    }
    return rounds
  }

  #settle(name: string, error?: unknown): void {
    const listening = this.#listening.get(name)
    this.#listening.delete(name)
    if (error === undefined) listening?.resolve()
    else listening?.reject(error)
  }

  async #leave(names: readonly string[]): Promise<void> {
    const report = (error: unknown): void => {
      if (!this.#isClosed) this.#options.connection.report(error)
    }
    await Promise.all(names.map((name) => this.#subscriber?.unsubscribe(name).catch(report)))
    for (const name of names) this.#rung.delete(name)
  }

  async #join(rounds: Rounds, names: readonly string[]): Promise<void> {
    // It may hear of it, whatever becomes of the answer, or of the connection.
    for (const name of names) this.#rung.add(name)
    const joining: Promise<void>[] = []
    for (let from = 0; from < names.length; from += MAX_CHANNELS) {
      joining.push(this.#subscribe(rounds, names.slice(from, from + MAX_CHANNELS)))
    }
    await Promise.all(joining)
  }

  /** Asks for some by one command, and tells whoever waits for one of them what has become of it. */
  async #subscribe(rounds: Rounds, names: readonly string[]): Promise<void> {
    if (this.#isClosed) return
    try {
      this.#subscriber ??= this.#open()
      await this.#subscriber.subscribe(names)
      for (const name of names) {
        // Unless it was given back meanwhile, and is asked for again.
        if (!rounds.isToJoin(name)) this.#settle(name)
      }
    } catch (error) {
      if (names.length > 1 && !isTransient(error)) {
        // Because of one that the user may not hear the server refuses the others of its command.
        await Promise.all(names.map((name) => this.#subscribe(rounds, [name])))
        return
      }
      for (const name of names) if (!rounds.isToJoin(name)) this.#settle(name, error)
      this.#tryAgain(names)
    }
  }

  /** Whoever waited gives it back. What is followed still was lost with a connection, and nobody else asks for it. */
  #tryAgain(names: readonly string[]): void {
    if (this.#isClosed) return
    for (const name of names) this.#failed.add(name)
    this.#again ??= setTimeout(() => {
      this.#again = undefined
      const failed = [...this.#failed]
      this.#failed.clear()
      this.#return(failed)
    }, AGAIN_MS).unref()
  }

  #open(): RedisSubscriber {
    const { connection, sharded, onMessage } = this.#options
    const events: SubscriberEvents = {
      message: (name, message) => {
        const channel = this.#channels.get(name)
        if (channel !== undefined) onMessage(channel, message)
        // It was given back while a connection was lost, of which not every client tells the next one.
        else if (!this.#isClosed) this.#roundsOf(name).leave(name)
      },
      failed: (error) => connection.report(error),
      // All of them: what was asked for over a connection that was lost at once may have been told to nobody.
      connected: () => this.#return(this.#channels.keys()),
    }
    return connection.subscriber(events, sharded)
  }

  /** A connection is there again: what the server rang for over the former one must be asked for anew. */
  #return(names: Iterable<string>): void {
    const all = new Map<Promise<void> | undefined, string[]>()
    for (const name of names) {
      const channel = this.#channels.get(name)
      if (channel === undefined) continue
      const joining = this.#subscriber?.resubscribes === false ? this.#roundsOf(name).join(name) : undefined
      const channels = all.get(joining)
      if (channels === undefined) all.set(joining, [channel])
      else channels.push(channel)
    }
    for (const [joining, channels] of all) void this.#tellReturn(joining, channels)
  }

  async #tellReturn(joining: Promise<void> | undefined, channels: readonly string[]): Promise<void> {
    await joining
    if (!this.#isClosed) this.#options.onReturn(channels)
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
