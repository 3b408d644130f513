import type { SseEvent } from './event.js'

/** One entry of a channel's log: an event, or the channel's end. */
export type LogEntry = {
  /** The log's name for this place: 1–128 characters `!`–`~`, the event's own `id` where the publisher gave one. */
  readonly id: string
  /** The id of the entry before this one, where the log knows it. */
  readonly previousId?: string | undefined
  /** When it was published, in ms since the epoch. */
  readonly at: number
  /** What the log's own clock said, of an entry that `LogFollowers` has dated by another one. @internal */
  readonly loggedAt?: number | undefined
} & ({ readonly event: SseEvent } | { readonly end: true })

/** What a publisher appends to a channel's log. */
export type LogInput = { readonly event: SseEvent } | { readonly end: true }

/** Where a backplane delivers a channel's log to. None of its functions throws, and all return at once. */
export interface BackplaneSink {
  /** The next entry. */
  entry(entry: LogEntry): void
  /**
   * The backplane lost its place: what follows may not be what followed. Readers are told by one `sse-gap`.
   *
   * @param id the place before whatever is delivered next, if the log knows it: a reader who was told of the gap can then
   * resume on any node, not just on this one
   */
  gap(id?: string): void
  /**
   * Optional to call: the id of the place before whatever is delivered next, for a log that has nothing to deliver. A reader
   * of an empty channel can then resume on any node, not just on this one.
   */
  origin?(id: string): void
}

/** Where a subscription begins. */
export interface SubscriptionStart {
  /** How many of the newest entries are delivered first: 0 or more, `Number.MAX_SAFE_INTEGER` for all. */
  readonly last: number
  /** A backplane may stop once the newest entries add up to this many bytes: the reader has no room for more. @defaultValue none */
  readonly maxBytes?: number | undefined
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
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is more than the log takes, or too much waits for it already
   * @throws {SseError} `ERR_SSE_CLOSED`: the log or the backplane has ended
   */
  publish(channel: string, entry: LogInput): Promise<string>
  /**
   * Delivers the newest `last` entries, oldest first, then every later one, in the log's order, none twice. Resolves once
   * live: what is published after that is delivered.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the log cannot be read
   */
  subscribe(channel: string, start: SubscriptionStart, sink: BackplaneSink): Promise<Unsubscribe>
  /**
   * At most `limit` entries after an id, oldest first, `[]` if it is the newest; `undefined` if the log does not have that
   * place either. Of an id that occurs twice the older counts.
   */
  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined>
  /** Releases what the backplane opened itself. Idempotent. */
  close(): Promise<void>
}
