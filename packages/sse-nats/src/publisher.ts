import { randomBytes } from 'node:crypto'
import { type LogInput, SseError } from '@ssekit/sse-core'
import type { Answer } from './answer.js'
import { EndCheck, EndedChannels } from './end-check.js'
import { encodeEnd, encodeEvent, type OutgoingMessage } from './messages.js'
import type { ChannelQueue, Outgoing } from './outbox.js'
import { Outbox } from './outbox.js'
import { PendingPublishes } from './pending-publishes.js'
import type { Stream } from './stream.js'

/**
 * How long to wait while the entry itself, or another end, is being stored, in ms; the time doubles with each attempt.
 */
const AGAIN_MS = 20
const LAST_AGAIN_MS = 500

export interface PublisherOptions {
  readonly maxBufferedBytes: number
  /** Nothing can be sent until `resume()` is called, once the stream is available. */
  readonly onTrouble: () => void
  /** What is wrong. */
  readonly reason: () => unknown
}

/**
 * Publishes entries so that those of a channel are stored in the order of the calls, each once. Entries that were
 * unanswered when a connection was lost are sent again in the same order, with the same marks, by which the server
 * recognises those that it has. An entry is never sent again after a later one was stored.
 */
export class Publisher {
  readonly #stream: Stream
  readonly #options: PublisherOptions
  readonly #outbox: Outbox
  readonly #pending: PendingPublishes
  readonly #endCheck: EndCheck
  readonly #ended = new EndedChannels()
  readonly #name = randomBytes(6).toString('base64url')
  #count = 0
  // `draining`: the stream is available, but unanswered publishes may still have to be sent again.
  #state: 'suspended' | 'draining' | 'open' = 'suspended'
  #isClosed = false

  constructor(stream: Stream, options: PublisherOptions) {
    this.#stream = stream
    this.#options = options
    this.#pending = new PendingPublishes(stream, () => this.#openIfDrained())
    this.#outbox = new Outbox({
      timeoutMs: stream.timeoutMs,
      mayHaveEnded: (channel) => this.#ended.has(channel),
      reason: options.reason,
      onLate: () => this.suspend(),
    })
    this.#endCheck = new EndCheck(stream, this.#pending, {
      isOpen: () => this.#state === 'open',
      onAnswer: (queue, newest, answer) => this.#hearOfEnd(queue, newest, answer),
    })
  }

  /** Whether any caller waits for the outcome of an entry. */
  get isWaiting(): boolean {
    return this.#outbox.entries.size > 0
  }

  /** As `Backplane.publish`. */
  async publish(channel: string, input: LogInput): Promise<string> {
    if (this.#isClosed) throw new SseError('ERR_SSE_CLOSED', 'the backplane is closed')
    if (this.#stream.contested !== undefined) throw this.#stream.contested
    if (this.#stream.connection.isClosed()) throw new SseError('ERR_SSE_BACKPLANE', 'the NATS connection is closed')
    const number = this.#count + 1
    const mark = `${this.#name}.${number.toString(36)}`
    const isEnd = !('event' in input)
    const message = isEnd ? encodeEnd(mark) : encodeEvent(input.event, mark)
    this.#requireRoom(message)
    this.#count = number
    const entry = this.#outbox.add(channel, { number, message, isEnd, mark, ownId: isEnd ? undefined : input.event.id })
    if (this.#state === 'open') this.#send(entry)
    else if (this.#state === 'suspended') this.#options.onTrouble()
    return entry.promise
  }

  /** Sends the waiting entries: the stream is available. */
  resume(): void {
    if (this.#state === 'suspended') this.#state = 'draining'
    this.#openIfDrained()
  }

  /** Sends nothing more until `resume()`. */
  suspend(): void {
    if (this.#state !== 'open') return
    this.#state = 'suspended'
    this.#options.onTrouble()
  }

  /** Sends nothing more: the connection was lost, and the answers with it. */
  onDisconnect(): void {
    this.#state = 'suspended'
    for (const queue of this.#outbox.queues.values()) queue.endCheckedUpTo = 0
    for (const entry of this.#outbox.entries) this.#outbox.takeBack(entry)
  }

  /** Rejects everything: the connection is closed. */
  fail(error: SseError): void {
    this.onDisconnect()
    this.refuse(error)
  }

  /** Rejects the entries that wait for the stream: it cannot be had. */
  refuse(error: SseError): void {
    if (this.#state !== 'suspended') return
    for (const entry of this.#outbox.entries) this.#outbox.reject(entry, error)
  }

  /** Resolves when the outcome of all publishes is known, or their time is up. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#outbox.close()
  }

  #requireRoom({ bytes, bufferedBytes }: OutgoingMessage): void {
    const { maxBufferedBytes } = this.#options
    const { max_payload: maxPayload = Number.POSITIVE_INFINITY } = this.#stream.connection.info ?? {}
    if (bytes > maxPayload) {
      throw new SseError('ERR_SSE_LIMIT', `the server takes ${maxPayload} bytes (max_payload), the event has ${bytes}`)
    }
    const buffered = this.#outbox.heldBytes + this.#pending.bytes
    if (buffered > 0 && buffered + bufferedBytes > maxBufferedBytes) {
      throw new SseError('ERR_SSE_LIMIT', `more than ${maxBufferedBytes} bytes (maxBufferedBytes) wait for the broker`)
    }
  }

  #send(entry: Outgoing): void {
    const { queue, message, isEnd } = entry.parts
    // On a replicated stream the end is checked once the event is acknowledged, since the servers have to agree on it
    // first.
    if (queue.mayHaveEnded || (!isEnd && this.#stream.snapshot?.isReplicated !== true)) this.#endCheck.want(queue)
    if (queue.mayHaveEnded) return
    const { subjects } = this.#stream
    const subject = isEnd ? subjects.end(queue.channel) : subjects.events(queue.channel)
    this.#outbox.hand(entry)
    this.#pending.send({ subject, ...message, answer: (answer) => this.#hear(entry, answer) })
  }

  #hear(entry: Outgoing, answer: Answer): void {
    const { queue, number } = entry.parts
    if (answer.kind === 'stored') queue.lastStored = Math.max(queue.lastStored, number)
    if (!entry.isSettled) {
      if (answer.kind === 'stored') this.#note(entry, answer.sequence)
      else if (answer.kind === 'refused') this.#outbox.reject(entry, answer.error)
      else if (answer.kind === 'wrong-last-sequence') this.#outbox.reject(entry, this.#closed(queue))
      else this.#outbox.takeBack(entry)
    }
    if (answer.kind === 'no-responders') this.suspend()
    if (answer.kind === 'in-progress') this.#sendLater(entry)
  }

  #note(entry: Outgoing, sequence: number): void {
    const { queue, number, isEnd } = entry.parts
    entry.sequence = sequence
    this.#stream.noteSequence(sequence)
    if (!isEnd) {
      if (queue.endCheckedUpTo < number) this.#endCheck.want(queue)
      return
    }
    this.#closed(queue)
    this.#outbox.accept(entry)
  }

  /** The channel ended at the sequence in the answer, or has not ended if that is 0. */
  #hearOfEnd(queue: ChannelQueue, newest: number, answer: Answer): void {
    if (answer.kind === 'no-responders') this.suspend()
    else if (answer.kind === 'refused') this.#settle(queue, newest, 0, answer.error)
    else if (answer.kind === 'wrong-last-sequence' && answer.last > 0)
      this.#settle(queue, newest, answer.last, this.#closed(queue))
    else if (answer.kind === 'wrong-last-sequence') {
      this.#ended.delete(queue.channel)
      queue.mayHaveEnded = false
      this.#settle(queue, newest, Number.POSITIVE_INFINITY, undefined)
      if (this.#state === 'open') for (const entry of queue.entries) if (!entry.isSent) this.#send(entry)
    }
  }

  /**
   * Accepts the entries that are stored before the end. Rejects those after it, and those that were not sent because of
   * it.
   */
  #settle(queue: ChannelQueue, newest: number, end: number, error: SseError | undefined): void {
    for (const entry of queue.entries) {
      const { sequence, isSent, parts } = entry
      if (parts.number > newest) return
      if (sequence !== undefined && sequence < end) this.#outbox.accept(entry)
      else if (error !== undefined && (sequence !== undefined || !isSent)) this.#outbox.reject(entry, error)
    }
  }

  #closed(queue: ChannelQueue): SseError {
    this.#ended.add(queue.channel)
    queue.mayHaveEnded = true
    return new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(queue.channel)} has ended`)
  }

  #sendLater(entry: Outgoing): void {
    setTimeout(() => this.#sendAgain(entry), Math.min(AGAIN_MS * 2 ** entry.inProgressCount, LAST_AGAIN_MS)).unref()
    entry.inProgressCount += 1
  }

  #sendAgain(entry: Outgoing): void {
    if (this.#state !== 'open' || entry.isSettled || entry.isSent) return
    const { queue, number } = entry.parts
    if (queue.lastStored > number) this.#outbox.reject(entry, overtaken(queue))
    else this.#send(entry)
  }

  #openIfDrained(): void {
    if (this.#state !== 'draining' || !this.#pending.isIdle) return
    this.#state = 'open'
    for (const entry of this.#outbox.entries) {
      if (entry.sequence !== undefined) this.#endCheck.want(entry.parts.queue)
      else this.#sendAgain(entry)
    }
  }
}

function overtaken({ channel }: ChannelQueue): SseError {
  const text = `channel ${JSON.stringify(channel)}: a later event is stored, and perhaps this one too`
  return new SseError('ERR_SSE_BACKPLANE', text)
}
