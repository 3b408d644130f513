import { ownIdOf, type StoredMessage } from './messages.js'
import type { Stream } from './stream.js'
import { Turns } from './turns.js'
import { type VisitOptions, visit } from './visit.js'

/** So few messages are asked for one by one, which needs no consumer. */
const FEW = 8

/** How many visits are made to the server at once: each takes it some memory. */
const VISITS_AT_ONCE = 16

/** How many messages are sent for one question. */
const AT_ONCE = 2_000

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

  /** At most `limit` messages from a sequence up to the newest, which is known, oldest first. */
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
    messages.push(...(await this.many(subject, next, newest, limit - messages.length)))
    return { messages, isLast: (messages.at(-1) as StoredMessage).sequence >= newest }
  }

  /** The same where there are more than a few; as many as fit into a page. */
  async many(subject: string, from: number, newest: number, limit: number): Promise<readonly StoredMessage[]> {
    const messages: StoredMessage[] = []
    let bytes = 0
    const take = (some: readonly StoredMessage[]): boolean => {
      messages.push(...some)
      for (const { data } of some) bytes += data.length
      return messages.length >= limit || bytes >= PAGE_BYTES
    }
    await this.#visit({ subject, from, newest, isBare: false, atOnce: Math.min(limit, AT_ONCE), take })
    return messages.slice(0, limit)
  }

  /** All messages from a sequence up to the newest, oldest first, without what they carry. */
  async heads(subject: string, from: number, newest: number): Promise<readonly Head[]> {
    const heads: Head[] = []
    const take = (some: readonly StoredMessage[]): boolean => {
      for (const { sequence, headers } of some) {
        heads.push({ sequence, size: Number(headers?.get('Nats-Msg-Size')), ownId: ownIdOf(headers) })
      }
      return false
    }
    await this.#visit({ subject, from, newest, isBare: true, atOnce: AT_ONCE, take })
    return heads
  }

  async #visit(options: Omit<VisitOptions, 'bytesAtOnce'>): Promise<void> {
    // One message fits, with its subject and its headers.
    const bytesAtOnce = Math.max(PAGE_BYTES, 2 * (this.#stream.connection.info?.max_payload ?? 0))
    if (options.from <= options.newest) await this.#turns.take(() => visit(this.#stream, { ...options, bytesAtOnce }))
  }
}
