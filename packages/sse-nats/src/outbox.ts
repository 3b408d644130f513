import { SseError } from '@ssekit/sse-core'
import { Lane } from './lane.js'
import { Outgoing, type OutgoingParts } from './outgoing.js'

export interface OutboxOptions {
  readonly timeoutMs: number
  /** Whether the channel is thought to have ended. */
  readonly isDoubtful: (channel: string) => boolean
  /** Why there may be no answer. */
  readonly reason: () => unknown
  /** Entries were rejected for want of an answer; of some it is not known what became of them. */
  readonly onLate: () => void
}

/** The entries that somebody waits for, each until it is settled or late. */
export class Outbox {
  /** All of them, in the order of the calls. */
  readonly entries: Set<Outgoing> = new Set()
  /** The channels that they are of. */
  readonly lanes: Map<string, Lane> = new Map()
  /** How many bytes are not on the wire. */
  heldBytes = 0
  readonly #options: OutboxOptions
  #timer: NodeJS.Timeout | undefined
  #onEmpty: () => void = () => {}

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  add(channel: string, parts: Omit<OutgoingParts, 'lane' | 'deadline'>): Outgoing {
    const { timeoutMs, isDoubtful } = this.#options
    let lane = this.lanes.get(channel)
    if (lane === undefined) {
      lane = new Lane(channel, isDoubtful(channel))
      this.lanes.set(channel, lane)
    }
    const entry = new Outgoing({ ...parts, lane, deadline: performance.now() + timeoutMs })
    lane.newest = parts.number
    lane.entries.add(entry)
    this.entries.add(entry)
    this.heldBytes += parts.message.bytes
    this.#timer ??= setTimeout(() => this.#rejectLate(), timeoutMs).unref()
    return entry
  }

  /** Notes that it is on the wire. */
  hand(entry: Outgoing): void {
    entry.isSent = true
    this.heldBytes -= entry.parts.message.bytes
  }

  /** Notes that it has to be sent again. */
  takeBack(entry: Outgoing): void {
    if (!entry.isSent || entry.sequence !== undefined || entry.isSettled) return
    entry.isSent = false
    this.heldBytes += entry.parts.message.bytes
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

  /** Resolves when nobody waits any more. */
  async close(): Promise<void> {
    if (this.entries.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    }
    clearTimeout(this.#timer)
  }

  #remove(entry: Outgoing): void {
    const { lane, message } = entry.parts
    if (!entry.isSent) this.heldBytes -= message.bytes
    this.entries.delete(entry)
    lane.entries.delete(entry)
    if (lane.entries.size === 0) this.lanes.delete(lane.channel)
    if (this.entries.size === 0) this.#onEmpty()
  }

  /** In the order of the calls, which is that of the deadlines. */
  #rejectLate(): void {
    this.#timer = undefined
    const { timeoutMs, reason, onLate } = this.#options
    const now = performance.now()
    let isAnyLate = false
    for (const entry of this.entries) {
      const { lane, deadline } = entry.parts
      if (deadline > now) {
        this.#timer = setTimeout(() => this.#rejectLate(), deadline - now + 1).unref()
        break
      }
      isAnyLate = true
      const text = `the broker did not answer in ${timeoutMs} ms: publish to channel ${JSON.stringify(lane.channel)}`
      this.reject(entry, new SseError('ERR_SSE_BACKPLANE', text, { cause: reason() }))
    }
    if (isAnyLate) onLate()
  }
}
