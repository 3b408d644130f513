import { ownIdOf, type StoredMessage, serverHeader } from './messages.js'
import { type RangeOptions, readRange } from './read-range.js'
import { Semaphore } from './semaphore.js'
import type { Stream } from './stream.js'

/** Up to this many messages are requested one by one, which needs no consumer. */
const FEW = 8

/**
 * How many channels are read that way at once. With ten thousand channels in the stream, a server may need a millisecond
 * to find the next event of one. If all were read at once, none would be read in time.
 */
const MAX_CONCURRENT_SEARCHES = 128

/** How many reads by a consumer may run at once: each costs the server some memory. */
const MAX_CONCURRENT_READS = 16

/** How many messages one pull requests. */
const BATCH = 2_000

/** How many bytes a page may have before it ends. The last pull may exceed it. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Some messages of a subject. */
export interface Page {
  readonly messages: readonly StoredMessage[]
  /** Whether there were no more after them. */
  readonly isLast: boolean
}

/** A message without its payload. */
export interface MessageMeta {
  readonly sequence: number
  /** The payload's size in bytes. */
  readonly size: number
  /** The id that its publisher gave it. */
  readonly ownId: string | undefined
}

/**
 * Reads a channel's events from the stream. The oldest may be evicted during a read: two messages are known to be
 * neighbours only if the first one still existed when the second was read.
 */
export class Backlog {
  readonly #stream: Stream
  readonly #searches: Semaphore
  readonly #reads: Semaphore

  constructor(stream: Stream) {
    this.#stream = stream
    this.#searches = new Semaphore(MAX_CONCURRENT_SEARCHES, stream.timeoutMs)
    this.#reads = new Semaphore(MAX_CONCURRENT_READS, stream.timeoutMs)
  }

  /** At most `limit` messages from sequence `from` up to `newest`, which exists. Oldest first. */
  async page(subject: string, from: number, newest: number, limit: number): Promise<Page> {
    if (from > newest) return { messages: [], isLast: true }
    const few = await this.#searches.run(() => this.#few(subject, from, newest, limit))
    if (few.isLast || few.isFull) return few
    const next = (few.messages.at(-1) as StoredMessage).sequence + 1
    const more = await this.many(subject, next, newest, limit - few.messages.length)
    const messages = [...few.messages, ...more]
    return { messages, isLast: (messages.at(-1) as StoredMessage).sequence >= newest }
  }

  /** The same for more than a few messages: as many as fit into a page. */
  async many(subject: string, from: number, newest: number, limit: number): Promise<readonly StoredMessage[]> {
    const messages: StoredMessage[] = []
    let bytes = 0
    const take = (some: readonly StoredMessage[]): boolean => {
      messages.push(...some)
      for (const { data } of some) bytes += data.length
      return messages.length >= limit || bytes >= PAGE_BYTES
    }
    await this.#readRange({ subject, from, newest, headersOnly: false, batch: Math.min(limit, BATCH), take })
    return messages.slice(0, limit)
  }

  /** All messages from sequence `from` up to `newest`, oldest first, without payloads. */
  async metas(subject: string, from: number, newest: number): Promise<readonly MessageMeta[]> {
    const metas: MessageMeta[] = []
    const take = (some: readonly StoredMessage[]): boolean => {
      for (const { sequence, headers } of some) {
        metas.push({ sequence, size: Number(serverHeader(headers, 'Nats-Msg-Size')), ownId: ownIdOf(headers) })
      }
      return false
    }
    await this.#readRange({ subject, from, newest, headersOnly: true, batch: BATCH, take })
    return metas
  }

  async #few(
    subject: string,
    from: number,
    newest: number,
    limit: number,
  ): Promise<Page & { readonly isFull: boolean }> {
    const messages: StoredMessage[] = []
    let bytes = 0
    let next = from
    while (messages.length < FEW) {
      // Older servers would search everything after it for a message that does not exist.
      const message = next > newest ? undefined : await this.#stream.next(subject, next)
      if (message === undefined) return { messages, isLast: true, isFull: false }
      bytes += message.data.length
      next = message.sequence + 1
      if (messages.push(message) === limit || bytes >= PAGE_BYTES) {
        return { messages, isLast: next > newest, isFull: true }
      }
    }
    return { messages, isLast: false, isFull: false }
  }

  async #readRange(options: Omit<RangeOptions, 'maxBytes'>): Promise<void> {
    // Room for any one message with its subject and headers.
    const maxBytes = Math.max(PAGE_BYTES, 2 * (this.#stream.connection.info?.max_payload ?? 0))
    if (options.from <= options.newest) await this.#reads.run(() => readRange(this.#stream, { ...options, maxBytes }))
  }
}

/** The newest `last` messages before `end`, or fewer if they exceed `maxBytes`, but at least one. */
export function newestMetas(
  metas: readonly MessageMeta[],
  last: number,
  maxBytes: number,
  end: number | undefined = Number.POSITIVE_INFINITY,
): readonly MessageMeta[] {
  const wanted = metas.filter(({ sequence }) => sequence < end)
  return within(wanted, maxBytes, ({ size }) => size).slice(-last)
}

/** The newest messages that fit into `maxBytes`, but at least one. */
export function newestWithin(messages: readonly StoredMessage[], maxBytes: number): readonly StoredMessage[] {
  return within(messages, maxBytes, ({ data }) => data.length)
}

function within<T>(all: readonly T[], maxBytes: number, sizeOf: (each: T) => number): readonly T[] {
  let bytes = 0
  let start = all.length
  for (; start > 0; start--) {
    bytes += sizeOf(all[start - 1] as T)
    if (bytes > maxBytes && start < all.length) break
  }
  return all.slice(start)
}
