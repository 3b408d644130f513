import { SseError } from '@ssekit/sse-core'
import { generatedId, type OutgoingMessage } from './messages.js'

/** A channel's entries that are not settled yet. It exists as long as there are any. */
export class ChannelQueue {
  readonly channel: string
  /** In the order of the calls. */
  readonly entries: Set<Outgoing> = new Set()
  /** The number of the latest `publish()`. */
  lastCalled = 0
  /** The number of the latest stored entry. Nothing called before it may be sent any more. */
  lastStored = 0
  /** The number up to which an end check is under way. */
  endCheckedUpTo = 0
  /** Whether the channel may have ended. Then nothing is sent until the server says that it has not. */
  mayHaveEnded: boolean

  constructor(channel: string, mayHaveEnded: boolean) {
    this.channel = channel
    this.mayHaveEnded = mayHaveEnded
  }
}

/** What is published, and by which call. */
export interface OutgoingParts {
  readonly queue: ChannelQueue
  /** In the order of the calls. */
  readonly number: number
  readonly message: OutgoingMessage
  readonly isEnd: boolean
  readonly ownId: string | undefined
  readonly mark: string
  /** When the call is rejected for want of an answer, by `performance.now()`. */
  readonly deadline: number
}

/** An entry on its way into the stream, until its outcome is known. */
export class Outgoing {
  readonly parts: OutgoingParts
  readonly promise: Promise<string>
  /** Whether it was sent, over a connection that was not lost since. */
  isSent = false
  /** Where it is stored. */
  sequence: number | undefined
  isSettled = false
  /** How often the server could not tell yet. */
  inProgressCount = 0
  #resolve!: (id: string) => void
  #reject!: (error: SseError) => void

  constructor(parts: OutgoingParts) {
    this.parts = parts
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** It is stored, and its place in the log is certain. */
  accept(): void {
    const { ownId, mark } = this.parts
    this.isSettled = true
    this.#resolve(ownId ?? generatedId(this.sequence as number, mark))
  }

  reject(error: SseError): void {
    this.isSettled = true
    this.#reject(error)
  }
}

export interface OutboxOptions {
  readonly timeoutMs: number
  /** Whether the channel may have ended. */
  readonly mayHaveEnded: (channel: string) => boolean
  /** Why there may be no answer. */
  readonly reason: () => unknown
  /** Entries were rejected for want of an answer. Some of them may be stored. */
  readonly onLate: () => void
}

/** The entries whose callers wait, each until it is settled or its time is up. */
export class Outbox {
  /** All of them, in the order of the calls. */
  readonly entries: Set<Outgoing> = new Set()
  /** Their channels. */
  readonly queues: Map<string, ChannelQueue> = new Map()
  /** How much the entries that are not sent take, in bytes. */
  heldBytes = 0
  readonly #options: OutboxOptions
  #timer: NodeJS.Timeout | undefined
  #onEmpty: () => void = () => {}

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  add(channel: string, parts: Omit<OutgoingParts, 'queue' | 'deadline'>): Outgoing {
    const { timeoutMs, mayHaveEnded } = this.#options
    let queue = this.queues.get(channel)
    if (queue === undefined) {
      queue = new ChannelQueue(channel, mayHaveEnded(channel))
      this.queues.set(channel, queue)
    }
    const entry = new Outgoing({ ...parts, queue, deadline: performance.now() + timeoutMs })
    queue.lastCalled = parts.number
    queue.entries.add(entry)
    this.entries.add(entry)
    this.heldBytes += parts.message.bufferedBytes
    this.#timer ??= setTimeout(() => this.#rejectLate(), timeoutMs).unref()
    return entry
  }

  /** Notes that it was sent. */
  hand(entry: Outgoing): void {
    entry.isSent = true
    this.heldBytes -= entry.parts.message.bufferedBytes
  }

  /** Notes that it has to be sent again. */
  takeBack(entry: Outgoing): void {
    if (!entry.isSent || entry.sequence !== undefined || entry.isSettled) return
    entry.isSent = false
    this.heldBytes += entry.parts.message.bufferedBytes
  }

  /** It is stored, before any end. */
  accept(entry: Outgoing): void {
    this.#remove(entry)
    entry.accept()
  }

  reject(entry: Outgoing, error: SseError): void {
    this.#remove(entry)
    entry.reject(error)
  }

  /** Resolves when no entry waits any more. */
  async close(): Promise<void> {
    if (this.entries.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    clearTimeout(this.#timer)
  }

  #remove(entry: Outgoing): void {
    const { queue, message } = entry.parts
    if (!entry.isSent) this.heldBytes -= message.bufferedBytes
    this.entries.delete(entry)
    queue.entries.delete(entry)
    if (queue.entries.size === 0) this.queues.delete(queue.channel)
    if (this.entries.size === 0) this.#onEmpty()
  }

  /** In the order of the calls, which is the order of the deadlines. */
  #rejectLate(): void {
    this.#timer = undefined
    const { timeoutMs, reason, onLate } = this.#options
    const now = performance.now()
    let isAnyLate = false
    for (const entry of this.entries) {
      const { queue, deadline } = entry.parts
      if (deadline > now) {
        this.#timer = setTimeout(() => this.#rejectLate(), deadline - now + 1).unref()
        break
      }
      isAnyLate = true
      const text = `the broker did not answer in ${timeoutMs} ms: publish to channel ${JSON.stringify(queue.channel)}`
      this.reject(entry, new SseError('ERR_SSE_BACKPLANE', text, { cause: reason() }))
    }
    if (isAnyLate) onLate()
  }
}
