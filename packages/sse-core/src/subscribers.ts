import { EventEmitter } from 'node:events'
import { callListener } from './callbacks.js'
import { now } from './clock.js'
import type { SseConnection } from './connection.js'

/** Who is told of a new or lost subscriber; `connection` is undefined for one that listens within this process. */
export type SubscriberListener = (connection: SseConnection | undefined) => void

/** Somebody who reads a channel's log. `pump()` and `close()` do not throw: what fails a reader ends that reader alone. */
export interface Subscriber {
  /** Reads what is new. */
  pump(): void
  /** The channel is closed: nothing more will come than what is there. */
  close(): void
  /** Whether the reader is gone without having said so. */
  readonly isDead: boolean
  readonly connection: SseConnection | undefined
}

/** Those who read one channel on this node, and who hears of them. */
export class Subscribers {
  readonly #subscribers = new Set<Subscriber>()
  readonly #report: (error: unknown) => void
  #emitter: EventEmitter | undefined
  #usedAt = now()

  /** @param report hears of a listener that threw */
  constructor(report: (error: unknown) => void) {
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

  on(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): void {
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

  /** Closes those that are gone without having said so, and says how many there were. */
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

  /** Whether nobody has used the channel for so long, in ms. */
  isIdle(forMs: number): boolean {
    // Who listens for subscribers is a user too, though it may hold nothing but its listener.
    const isUsed = this.#subscribers.size > 0 || (this.#emitter?.eventNames().length ?? 0) > 0
    return !isUsed && now() - this.#usedAt >= forMs
  }

  #emit(event: 'subscribe' | 'unsubscribe', { connection }: Subscriber): void {
    for (const listener of this.#emitter?.listeners(event) ?? []) {
      callListener(() => listener(connection), this.#report)
    }
  }
}
