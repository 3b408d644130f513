import { onAbort } from './abort.js'
import type { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import type { Cursor, StartOptions } from './cursor.js'
import { type EventFilter, passes } from './filter.js'
import { requireRewind } from './limits.js'
import { isId, type LogItem } from './log-item.js'
import type { Packet } from './packet.js'
import type { Reading } from './reading.js'
import { Subscription } from './subscription.js'
import { partOf, partsOf, vectorOf } from './vector-id.js'

export interface SubscribeOptions extends StartOptions {
  /** Only the events for which this is true; also asked of what is replayed. */
  readonly filter?: EventFilter | undefined
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined
}

/** The channels on one connection, where there may be several or events are picked, and the ids that resume them together. */
export class Subscriptions implements Reading {
  readonly #connection: SseConnection
  // In the order of the ids' parts; a place is kept for a channel that is not ready yet, and for one that is over.
  readonly #places: (Subscription | undefined)[] = []
  readonly #running = new Set<Promise<void>>()
  // The parts of the client's id, where a function subscribes to one channel after the other.
  #unclaimed: readonly string[] = []
  #isVectorBroken = false
  #isPumping = false
  #wasAsked = false

  /** @param only what was alone on the connection until now */
  constructor(connection: SseConnection, only: Reading | undefined) {
    this.#connection = connection
    if (!(only instanceof Subscription)) return
    this.#places.push(only)
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
    return this.#places.some((subscription) => subscription?.hasMore)
  }

  get hasUnsent(): boolean {
    return this.#places.some((subscription) => subscription?.hasUnsent)
  }

  /** Keeps the next place. */
  reserve(): number {
    return this.#places.push(undefined) - 1
  }

  /** Adds a channel that is warm; resolves when it is over. Nothing of it is written before `start()`. */
  attach(place: number, channel: SseChannel, cursor: Cursor, { filter, signal }: SubscribeOptions): Promise<void> {
    if (filter !== undefined) this.#connection.belongings.keepScope()
    return new Promise((resolve) => {
      const onOver = (): void => {
        forget()
        resolve()
      }
      const sentPosition = cursor.position
      const membership = { group: this, sentPosition, filter: this.#filterWith(filter), onOver }
      const subscription = new Subscription(this.#connection, channel, cursor, membership)
      const forget = onAbort(signal, () => subscription.close())
      this.#places[place] = subscription
      // Another channel's listener may have closed the connection.
      if (signal?.aborted || this.#connection.closeReason !== undefined) subscription.close()
      else subscription.begin()
    })
  }

  /** Streams one more channel; resolves when it is over. */
  async subscribe(channel: SseChannel, options: SubscribeOptions): Promise<void> {
    const connection = this.#connection
    const { rewind = connection.options.rewind ?? 0, signal } = options
    requireRewind(rewind)
    if (connection.closeReason !== undefined || signal?.aborted) return
    const place = this.reserve()
    const warming = channel.warm()
    if (warming !== undefined) await warming
    if (connection.closeReason !== undefined) return
    // Until the others are subscribed to as well, their parts of the client's id have to stay in the ids that it is given.
    if (place === 0) this.#unclaimed = partsOf(connection.lastEventId, channel, false)
    connection.open()
    if (connection.closeReason !== undefined) return
    const lastEventId = options.lastEventId ?? this.lastEventIdFor(channel, place)
    const over = this.attach(place, channel, channel.cursor({ lastEventId, rewind }), options)
    this.start(place)
    await over
  }

  /** Notes a subscription that goes on, ready or not, and the promise of it that the user has. */
  track(subscription: Promise<void>, result: Promise<void>): void {
    this.#running.add(result)
    void subscription.catch(() => {}).then(() => this.#running.delete(result))
  }

  /** Begins to write what was attached at a place and after it. */
  start(first: number): void {
    const started = this.#places.slice(first)
    // First all gaps: until then an id cannot say where the client stands in every channel.
    for (const subscription of started) subscription?.tellGap()
    // A fresh client that is cut before its first event is to resume too; and with one more channel ids say more than before.
    if (first > 0 || started.some((subscription) => subscription?.isFresh)) {
      const checkpoint = this.checkpoint()
      if (checkpoint !== undefined) this.#connection.writer.enqueue(checkpoint)
    }
    for (const subscription of started) subscription?.pump()
  }

  /** Resolves when all that are tracked are over, those among them that were begun meanwhile. */
  async over(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /**
   * Lets one subscription pump, and no other meanwhile. A filter may end the stream or flush a channel, and would come back
   * here before the event that it was asked about is written: that event would be overtaken, or be lost though ids count it.
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
    for (const subscription of this.#places) subscription?.pump()
  }

  close(): void {
    for (const subscription of this.#places) subscription?.close()
  }

  /** What the client's last event id says of the channel at a place. */
  lastEventIdFor(channel: SseChannel, place: number): string | undefined {
    return partOf(this.#connection.lastEventId, channel, place, false)
  }

  /** The id of where all cursors stand; undefined if it cannot be written. */
  idAtCursors(): string | undefined {
    if (this.hasVectorIds) return this.#isVectorBroken ? undefined : this.#vector()
    const id = this.#places[0]?.lastId
    return id !== undefined && isId(id) ? id : undefined
  }

  /**
   * The id that an event goes out with. If there can be none for several channels, the first such event makes the client
   * forget the one it has (it would get what follows twice), and the stream is live only.
   */
  idFor(item: LogItem): string | undefined {
    if (!this.hasVectorIds) return item.id
    if (this.#isVectorBroken) return undefined
    const id = item.hasOwnId ? undefined : this.#vector()
    if (id !== undefined) return id
    if (this.#places.length === 1) {
      // The client's id, which looked like several, was the publisher's own too, or nonsense.
      this.#unclaimed = []
      return item.id
    }
    this.#isVectorBroken = true
    return ''
  }

  checkpoint(): Packet | undefined {
    const id = this.#connection.options.checkpoints === false ? undefined : this.idAtCursors()
    if (id === undefined) return undefined
    for (const subscription of this.#places) subscription?.markSent()
    return this.#connection.terms.encoder.checkpoint(id)
  }

  get #partCount(): number {
    return Math.max(this.#places.length, this.#unclaimed.length)
  }

  #vector(): string | undefined {
    const parts = Array.from(
      { length: this.#partCount },
      (_, place) => this.#places[place]?.lastId ?? this.#unclaimed[place] ?? '',
    )
    return vectorOf(parts)
  }

  #filterWith(own: EventFilter | undefined): EventFilter | undefined {
    const { filter } = this.#connection.options
    if (filter === undefined || own === undefined) return own ?? filter
    return (event) => passes(filter, event) && passes(own, event)
  }
}
