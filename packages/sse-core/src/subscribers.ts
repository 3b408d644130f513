import { EventEmitter } from 'node:events'
import { callListener } from './callbacks.js'
import { now } from './clock.js'
import type { SseConnection } from './connection.js'
import type { ErrorListener } from './report.js'
import { shown } from './shown.js'

/** Called when a subscriber is added or removed; `connection` is undefined for a loop in this process. */
export type SubscriberListener = (connection: SseConnection | undefined) => void

/** A reader of a channel's log. `pump()` and `close()` do not throw: an error ends this reader alone. */
export interface Subscriber {
  /** Reads what is new. */
  pump(): void
  /** The channel is closed: nothing comes after what the log has now. */
  close(): void
  /** Whether the reader is gone, even if no event has said so. */
  readonly isDead: boolean
  readonly connection: SseConnection | undefined
}

/** The readers of one channel on this node, and the listeners for them. */
export class Subscribers {
  readonly #subscribers = new Set<Subscriber>()
  readonly #report: ErrorListener
  #emitter: EventEmitter | undefined
  #usedAt = now()

  /** @param report called with the error of a listener that threw */
  constructor(report: ErrorListener) {
    this.#report = report
  }

  get size(): number {
    return this.#subscribers.size
  }

  /** The connections among them, each once. */
  connections(): SseConnection[] {
    const connections = new Set<SseConnection>()
    for (const { connection } of this.#subscribers) if (connection !== undefined) connections.add(connection)
    return [...connections]
  }

  /** @throws {TypeError} there is no such event, or the listener is not a function */
  on(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): void {
    // Other libraries say 'connect'. A listener that is never called is hard to notice.
    if (event !== 'subscribe' && event !== 'unsubscribe') {
      throw new TypeError(`a channel emits 'subscribe' and 'unsubscribe', not ${shown(event)}`)
    }
    this.#emitter ??= new EventEmitter()
    this.#emitter.on(event, listener)
  }

  off(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): void {
    this.#emitter?.off(event, listener)
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
    this.#emit('subscribe', subscriber)
  }

  remove(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    this.#usedAt = now()
    this.#emit('unsubscribe', subscriber)
  }

  pump(): void {
    for (const subscriber of this.#subscribers) subscriber.pump()
  }

  close(): void {
    for (const subscriber of this.#subscribers) subscriber.close()
  }

  /** Closes readers that are gone although no event has said so; returns how many. */
  cleanUp(): number {
    let removed = 0
    for (const subscriber of this.#subscribers) {
      if (!subscriber.isDead) continue
      subscriber.close()
      removed += 1
    }
    return removed
  }

  /** Notes that the channel was used. */
  use(): void {
    this.#usedAt = now()
  }

  /** Whether the channel has not been used for at least this long, in ms. */
  isIdle(forMs: number): boolean {
    // A listener counts as use: the code that added it may hold no other reference to the channel.
    const isUsed = this.#subscribers.size > 0 || (this.#emitter?.eventNames().length ?? 0) > 0
    return !isUsed && now() - this.#usedAt >= forMs
  }

  #emit(event: 'subscribe' | 'unsubscribe', { connection }: Subscriber): void {
    for (const listener of this.#emitter?.listeners(event) ?? []) {
      callListener(() => listener(connection), this.#report)
    }
  }
}
