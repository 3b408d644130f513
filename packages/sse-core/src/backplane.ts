import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { type HistoryLimits, resolveHistory } from './limits.js'
import { itemOf, Log, newEpoch } from './log.js'

/** One entry of a channel's log: an event, or the channel's end. */
export type LogEntry = {
  /** The log's name for this place: 1–128 characters `!`–`~`, the event's own `id` where the publisher gave one. */
  readonly id: string
  /** The id of the entry before this one, where the log knows it. */
  readonly previousId?: string | undefined
  /** When it was published, in ms since the epoch. */
  readonly at: number
} & ({ readonly event: SseEvent } | { readonly end: true })

/** What a publisher appends to a channel's log. */
export type LogInput = { readonly event: SseEvent } | { readonly end: true }

/** Where a backplane delivers a channel's log to. Neither function throws, and both return at once. */
export interface BackplaneSink {
  /** The next entry. */
  entry(entry: LogEntry): void
  /** The backplane lost its place: what follows may not be what followed. Readers are told by one `sse-gap`. */
  gap(): void
  /**
   * Optional to call: the id of the place before whatever is delivered next, for a log that has nothing to deliver. A reader
   * of an empty channel can then resume on any node, not just on this one.
   */
  origin?(id: string): void
}

/** Ends a subscription; nothing is delivered after it was called. Idempotent. */
export type Unsubscribe = () => void

/**
 * What makes many processes one: an append-only log per channel, which every node reads, the publisher's own included.
 *
 * The log gives an event its id and its place. All subscribers of a channel, on whatever node, receive the same entries in
 * the same order, none twice; the publishes of one process keep their call order, awaited or not. A subscriber that falls
 * out of the log is told by `gap()`, never left in silence. `backplaneContract` in `@ssekit/sse-testkit` proves an
 * implementation.
 */
export interface Backplane {
  /**
   * Appends an event, or the end, to the channel's log. Resolves to its id once the log has accepted it.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the log refused or did not answer in time; see `cause`
   * @throws {SseError} `ERR_SSE_CLOSED`: the log or the backplane has ended
   */
  publish(channel: string, entry: LogInput): Promise<string>
  /**
   * Delivers the newest `last` entries, oldest first, then every later one, in the log's order, none twice. Resolves once
   * live: what is published after that is delivered.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the log cannot be read
   */
  subscribe(channel: string, options: { readonly last: number }, sink: BackplaneSink): Promise<Unsubscribe>
  /**
   * At most `limit` entries after an id, oldest first, `[]` if it is the newest; `undefined` if the log does not have that
   * place either. Of an id that occurs twice the older counts.
   */
  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined>
  /** Releases what the backplane opened itself. Idempotent. */
  close(): Promise<void>
}

export interface MemoryBackplaneOptions {
  /** What each channel keeps. A channel that nobody subscribes to is forgotten once all of it has expired. */
  readonly history?: HistoryLimits | undefined
}

/** The log of one channel in memory, and who reads it. */
interface MemoryLog {
  readonly log: Log
  readonly epoch: string
  readonly sinks: Set<BackplaneSink>
  sequence: number
}

/**
 * A backplane within one process: for managers that share channels, for tests, and as the plainest example of the contract.
 * Its ids are `<epoch>.<sequence>`. It delivers within the call to `publish`, and is live within the call to `subscribe`.
 */
export function memoryBackplane(options: MemoryBackplaneOptions = {}): Backplane {
  const limits = resolveHistory(options.history)
  const channels = new Map<string, MemoryLog>()
  let isClosed = false
  let sweep: NodeJS.Timeout | undefined

  const open = (channel: string): MemoryLog => {
    if (isClosed) throw new SseError('ERR_SSE_CLOSED', 'the memory backplane is closed')
    let memory = channels.get(channel)
    if (memory === undefined) {
      const epoch = newEpoch()
      memory = { epoch, log: new Log(limits, `${epoch}.0`), sinks: new Set(), sequence: 0 }
      channels.set(channel, memory)
    }
    memory.log.trim(Date.now())
    return memory
  }

  const forget = (): void => {
    sweep = undefined
    for (const [channel, { log, sinks }] of channels) {
      log.trim(Date.now())
      if (sinks.size === 0 && log.isExpired(Date.now())) channels.delete(channel)
    }
    forgetLater()
  }
  const forgetLater = (): void => {
    if (channels.size === 0 || sweep !== undefined || !Number.isFinite(limits.maxAgeMs)) return
    sweep = setTimeout(forget, Math.min(limits.maxAgeMs + 1, MAX_SWEEP_MS))
    sweep.unref()
  }

  return {
    async publish(channel, input) {
      const memory = open(channel)
      const { log, sinks, epoch } = memory
      if (log.endPosition !== undefined)
        throw new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(channel)} has ended`)
      const id = ('event' in input ? input.event.id : undefined) ?? `${epoch}.${memory.sequence + 1}`
      const entry: LogEntry = { id, previousId: log.idBefore(log.head), at: Date.now(), ...input }
      log.append(itemOf(entry))
      memory.sequence += 1
      log.trim(entry.at)
      for (const sink of sinks) sink.entry(entry)
      forgetLater()
      return id
    },

    async subscribe(channel, { last }, sink) {
      const { log, sinks } = open(channel)
      const start = Math.max(log.oldest, log.head - last)
      sink.origin?.(log.idBefore(start))
      for (let position = start; position < log.head; position++) sink.entry(log.at(position).entry as LogEntry)
      sinks.add(sink)
      return () => {
        sinks.delete(sink)
        forgetLater()
      }
    },

    async read(channel, afterId, limit) {
      const { log } = open(channel)
      const start = log.positionAfter(afterId)
      if (start === undefined) return undefined
      const entries: LogEntry[] = []
      for (let position = start; position < log.head && entries.length < limit; position++) {
        entries.push(log.at(position).entry as LogEntry)
      }
      return entries
    },

    async close() {
      isClosed = true
      clearTimeout(sweep)
      channels.clear()
    },
  }
}

/** How long a forgotten channel may linger at most, whatever its history's age. */
const MAX_SWEEP_MS = 60_000
