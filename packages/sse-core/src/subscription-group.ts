import { onAbort } from './abort.js'
import type { SseChannel } from './channel.js'
import { requireChannel } from './channel-source.js'
import type { SseConnection } from './connection.js'
import type { Cursor, StartOptions } from './cursor.js'
import { type EventFilter, passes } from './filter.js'
import { isId, type LogItem } from './log-item.js'
import type { ObservedPromise } from './observed.js'
import { requireReading } from './option-checks.js'
import type { Packet } from './packet.js'
import type { Reading } from './reading.js'
import { Subscription } from './subscription.js'
import { MAX_PARTS, partOf, partsOf, split, vectorOf } from './vector-id.js'

export interface SubscribeOptions extends StartOptions {
  /** Sends only the events for which this returns true; replayed events are filtered too. */
  readonly filter?: EventFilter | undefined
  /** Ends the subscription when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/** The channels of one connection (several, or with filtered events), and the ids that resume them together. */
export class SubscriptionGroup implements Reading {
  readonly #connection: SseConnection
  // In the order of the ids' parts. For a channel that is not ready yet, cannot be read or is over, this holds only the
  // text of its part: what the client sent for it, or where it ended. (A subscription would keep the log in memory.)
  readonly #parts: (Subscription | string)[] = []
  // The subscriptions among them, in the order in which they began.
  readonly #live = new Set<Subscription>()
  // What `subscribe()` has returned to the user, until the subscription is over.
  readonly #running = new Set<ObservedPromise<void>>()
  #wasAwaited = false
  // How many channels are not ready yet.
  #warming = 0
  // A function has subscribed in this turn of the event loop.
  #isNew = false
  // The parts of the client's id for channels that may still come: a function subscribes to one channel after the other.
  #unclaimed: readonly string[] = []
  #isVectorBroken = false
  #isPumping = false
  #wasAsked = false

  /** @param only the subscription that was alone on the connection until now */
  constructor(connection: SseConnection, only: Reading | undefined) {
    this.#connection = connection
    if (!(only instanceof Subscription)) return
    this.#parts.push(only)
    this.#live.add(only)
    only.join({
      group: this,
      sentPosition: only.position,
      filter: undefined,
      // Not at once: what the others have in this tick is still to be written.
      onOver: () => queueMicrotask(() => connection.close('end')),
    })
  }

  /** Whether ids are positions in several logs. */
  get hasVectorIds(): boolean {
    return this.#partCount > 1
  }

  get isPumping(): boolean {
    return this.#isPumping
  }

  get hasMore(): boolean {
    return some(this.#live, ({ hasMore }) => hasMore)
  }

  get hasUnsent(): boolean {
    return some(this.#live, ({ hasUnsent }) => hasUnsent)
  }

  /** Reserves the next part, for a channel that is read after an id, and returns its index. */
  reserve(lastEventId = ''): number {
    return this.#parts.push(lastEventId) - 1
  }

  /** Adds a channel that is warm; resolves when it is over. Nothing of it is written before `start()`. */
  attach(index: number, channel: SseChannel, cursor: Cursor, { filter, signal }: SubscribeOptions): Promise<void> {
    if (filter !== undefined) this.#connection.rareState.keepScope()
    return new Promise((resolve) => {
      const onOver = (): void => {
        forget()
        this.#live.delete(subscription)
        this.#parts[index] = subscription.lastId
        resolve()
      }
      const sentPosition = cursor.position
      const membership = { group: this, sentPosition, filter: this.#filterWith(filter), onOver }
      const subscription = new Subscription(this.#connection, channel, cursor, membership)
      const forget = onAbort(signal, () => subscription.close())
      this.#parts[index] = subscription
      this.#live.add(subscription)
      // Another channel's listener may have closed the connection,
      if (signal?.aborted || this.#connection.closeReason !== undefined) subscription.close()
      else if (channel.resume(cursor.log)) subscription.begin()
      // or this channel,
      else if (channel.isClosed) subscription.close()
      // or have made room for a new one, so that a backplane has to be read again: the client reconnects.
      else this.#connection.close('end')
    })
  }

  /** Streams one more channel; resolves when it is over. */
  async subscribe(channel: SseChannel, options: SubscribeOptions): Promise<void> {
    const connection = this.#connection
    requireChannel(channel)
    requireReading(options)
    const { rewind = connection.options.rewind ?? 0, signal } = options
    if (connection.closeReason !== undefined) return
    const parts = split(connection.lastEventId)
    // Before anything is awaited. Until all channels are subscribed to, the ids sent to the client must keep its parts
    // for the others, even for those that never will be.
    if (this.#parts.length === 0) this.#unclaimed = parts
    const index = this.reserve(options.lastEventId ?? parts[this.#parts.length])
    if (signal?.aborted) return
    const warming = channel.warm()
    if (warming !== undefined) {
      this.#warming += 1
      await warming.finally(() => {
        this.#warming -= 1
      })
    }
    // A channel that was closed meanwhile has ended this subscription, as it has ended those that had begun.
    if (connection.closeReason !== undefined || channel.wasClosed) return
    // Only the channel's log knows whether what looks like several ids is one.
    if (index === 0) this.#unclaimed = partsOf(connection.lastEventId, channel, false)
    connection.open()
    if (connection.closeReason !== undefined) return
    const lastEventId = options.lastEventId ?? partOf(connection.lastEventId, channel, index, false)
    const over = this.attach(index, channel, channel.cursor({ lastEventId, rewind }), options)
    this.start(index)
    await over
  }

  /** Notes a subscription, ready or not, and the promise of it that the user has. */
  track(subscription: Promise<void>, result: ObservedPromise<void>): void {
    this.#running.add(result)
    void subscription
      .catch(() => {})
      .then(() => {
        this.#running.delete(result)
        this.#wasAwaited ||= result.isObserved
      })
    this.#isNew = true
    setImmediate(() => {
      this.#isNew = false
    })
  }

  /** Begins to write the channels that were attached at an index and after it. */
  start(first: number): void {
    const started = this.#parts.slice(first).filter(isSubscription)
    // All gaps first: until then an id cannot say where the client stands in every channel.
    for (const subscription of started) subscription.tellGap()
    // A new client that is disconnected before its first event must be able to resume too, and with one more channel
    // ids say more than before.
    if (first > 0 || started.some(({ isFresh }) => isFresh)) {
      const checkpoint = this.checkpoint()
      if (checkpoint !== undefined) this.#connection.writer.enqueue(checkpoint)
    }
    for (const subscription of started) subscription.pump()
  }

  /** Resolves when all tracked subscriptions are over, including those that began in the meantime. */
  async over(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /**
   * Whether a function has subscribed in this turn of the event loop, and awaits none of its subscriptions. (One that
   * awaits something else for longer may end its stream on purpose.)
   */
  get isForgotten(): boolean {
    const isOpen = this.#live.size > 0 || this.#warming > 0
    return isOpen && this.#isNew && !this.#wasAwaited && !some(this.#running, ({ isObserved }) => isObserved)
  }

  /**
   * Lets one subscription pump, and no other meanwhile. A filter may end the stream or flush a channel, and so re-enter
   * here before its event is written. That event would be overtaken, or lost although ids count it.
   */
  oneAtATime(pump: () => void): void {
    if (this.#isPumping) {
      this.#wasAsked = true
      return
    }
    this.#isPumping = true
    try {
      pump()
    } finally {
      this.#isPumping = false
    }
    if (!this.#wasAsked) return
    this.#wasAsked = false
    this.pump()
  }

  pump(): void {
    for (const subscription of [...this.#live]) subscription.pump()
  }

  close(): void {
    for (const subscription of [...this.#live]) subscription.close()
  }

  /** The id of the positions of all cursors; undefined if it cannot be written. */
  idAtCursors(): string | undefined {
    if (this.hasVectorIds) return this.#isVectorBroken ? undefined : this.#vector()
    const id = this.#partAt(0)
    return isId(id) ? id : undefined
  }

  /**
   * The id that an event is sent with. If several channels can have no common id, the first such event makes the client
   * forget the id it has, with which it would get what follows twice. From then on the stream is live only.
   */
  idFor(item: LogItem): string | undefined {
    if (!this.hasVectorIds) return item.id
    if (this.#isVectorBroken) return undefined
    const id = item.hasOwnId ? undefined : this.#vector()
    if (id !== undefined) return id
    if (this.#parts.length === 1) {
      // The client's id only looked like several: it was a publisher's own, or nonsense.
      this.#unclaimed = []
      return item.id
    }
    this.#isVectorBroken = true
    return ''
  }

  checkpoint(): Packet | undefined {
    const id = this.#connection.options.checkpoints === false ? undefined : this.idAtCursors()
    if (id === undefined) return undefined
    for (const subscription of this.#live) subscription.markSent()
    return this.#connection.config.encoder.checkpoint(id)
  }

  get #partCount(): number {
    return Math.max(this.#parts.length, this.#unclaimed.length)
  }

  #vector(): string | undefined {
    // An id of so many parts is too long, whatever they are, and there may be thousands.
    if (this.#partCount > MAX_PARTS) return undefined
    return vectorOf(Array.from({ length: this.#partCount }, (_, index) => this.#partAt(index)))
  }

  #partAt(index: number): string {
    const part = this.#parts[index] ?? this.#unclaimed[index] ?? ''
    return typeof part === 'string' ? part : part.lastId
  }

  #filterWith(own: EventFilter | undefined): EventFilter | undefined {
    const { filter } = this.#connection.options
    if (filter === undefined || own === undefined) return own ?? filter
    return (event) => passes(filter, event) && passes(own, event)
  }
}

function isSubscription(part: Subscription | string): part is Subscription {
  return typeof part !== 'string'
}

/** Makes no copy: there may be thousands. */
function some<T>(all: Iterable<T>, holds: (each: T) => boolean): boolean {
  for (const each of all) if (holds(each)) return true
  return false
}
