import { ownIdOf, type StoredMessage } from './messages.js'
import type { Stream } from './stream.js'
import { Turns } from './turns.js'
import { type Visit, visit } from './visit.js'

/** So few messages are asked for one by one, which needs no consumer. */
const FEW = 8

/** How many visits are made to the server at once: each takes it some memory. */
const VISITS_AT_ONCE = 16

/** How many messages are sent for one question: of events of 1 MiB they fill 64 MiB. */
const EVENTS_AT_ONCE = 64
const HEADS_AT_ONCE = 500

/** How many bytes a page has, and one question more. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Some messages of a subject. */
export interface Page {
  readonly messages: readonly StoredMessage[]
  /** Whether there were no more behind them. */
  readonly isLast: boolean
}

/** A message without what it carries. */
export interface Head {
  readonly sequence: number
  /** How many bytes it has. */
  readonly size: number
  /** The id that its publisher gave it. */
  readonly ownId: string | undefined
}

/**
 * What the stream has of a channel's events. While it is being read, the oldest may be evicted: two messages are neighbours
 * only if the first of them is still there when the second was read.
 */
export class Backlog {
  readonly #stream: Stream
  readonly #turns = new Turns(VISITS_AT_ONCE)

  constructor(stream: Stream) {
    this.#stream = stream
  }

  /** At most `limit` messages from a sequence up to `newest`, oldest first. */
  async page(subject: string, from: number, newest: number, limit: number): Promise<Page> {
    const messages: StoredMessage[] = []
    let bytes = 0
    let next = from
    while (messages.length < FEW) {
      // A question for what is not there would have older servers look through all that is behind it.
      const message = next > newest ? undefined : await this.#stream.next(subject, next)
      if (message === undefined) return { messages, isLast: true }
      bytes += message.data.length
      next = message.sequence + 1
      if (messages.push(message) === limit || bytes >= PAGE_BYTES) return { messages, isLast: next > newest }
    }
    const many = await this.manyFrom(subject, next, limit - messages.length, PAGE_BYTES - bytes)
    return { messages: [...messages, ...many.messages], isLast: many.isLast }
  }

  /** The same for more than a few, whatever the newest is. */
  manyFrom(subject: string, from: number, limit: number, maxBytes: number = PAGE_BYTES): Promise<Page> {
    return this.#visit(subject, from, false, async ({ pending, pull }) => {
      const messages: StoredMessage[] = []
      let bytes = 0
      while (messages.length < pending) {
        const some = await pull(Math.min(pending, limit) - messages.length, EVENTS_AT_ONCE)
        // Those that there were have been evicted since.
        if (some.length === 0) break
        messages.push(...some)
        for (const { data } of some) bytes += data.length
        if (messages.length >= limit || bytes >= maxBytes) return { messages, isLast: false }
      }
      return { messages, isLast: true }
    })
  }

  /** All messages, oldest first, without what they carry. */
  heads(subject: string): Promise<readonly Head[]> {
    return this.#visit(subject, 0, true, async ({ pending, pull }) => {
      const heads: Head[] = []
      while (heads.length < pending) {
        const some = await pull(pending - heads.length, HEADS_AT_ONCE)
        if (some.length === 0) break
        for (const { sequence, headers } of some) {
          heads.push({ sequence, size: Number(headers?.get('Nats-Msg-Size')), ownId: ownIdOf(headers) })
        }
      }
      return heads
    })
  }

  /** How many messages there are from a sequence on. */
  count(subject: string, from: number): Promise<number> {
    return this.#visit(subject, from, true, async ({ pending }) => pending)
  }

  #visit<T>(subject: string, from: number, isBare: boolean, read: (visit: Visit) => Promise<T>): Promise<T> {
    return this.#turns.take(() => visit(this.#stream, subject, from, isBare, read))
  }
}
