import type { SseEvent } from './event.js'

/** One entry of a channel's log: an event, or the channel's end. */
export type LogEntry = {
  /** The entry's id in the log, 1–128 characters from `!` to `~`: the event's own `id` if its publisher gave one. */
  readonly id: string
  /** The id of the entry before this one, if the log knows it. */
  readonly previousId?: string | undefined
  /**
   * If the publisher chose the id, which may then occur more than once: an id that names this entry alone, and that
   * `read` accepts too. Without it, readers of a log with repeated ids may get entries again. The same whenever the
   * entry is delivered or read.
   */
  readonly uniqueId?: string | undefined
  /** When the entry was published, in ms since the Unix epoch. */
  readonly at: number
  /** `at` by the log's own clock, if `LogFollowers` has converted `at` to this process's clock. @internal */
  readonly loggedAt?: number | undefined
} & ({ readonly event: SseEvent } | { readonly end: true })

/** What a publisher appends to a channel's log: an event, or the channel's end. */
export type LogInput = { readonly event: SseEvent } | { readonly end: true }

/** Receives a channel's log from a backplane. Its functions never throw, and return at once. */
export interface BackplaneSink {
  /** Takes the next entry. */
  entry(entry: LogEntry): void
  /**
   * Reports that the backplane lost its place, so that entries may be missing before the next one. Readers get one
   * `sse-gap`.
   *
   * @param id the id of the place before the next entry that is delivered, if the log knows it. A reader that got the
   * `sse-gap` can then resume on any node, not only on this one
   */
  gap(id?: string): void
  /**
   * Names the place before the next entry that is delivered, for a log that has nothing to deliver yet. A reader of an
   * empty channel can then resume on any node, not only on this one. A backplane need not call it.
   *
   * @param uniqueId if a publisher chose the id: that entry's `uniqueId`. Without it, a client whose id occurs again
   * would be taken for one that stands here
   */
  origin?(id: string, uniqueId?: string): void
}

/** Where a subscription begins. */
export interface SubscriptionStart {
  /** How many of the newest entries are delivered first: 0 or more, `Number.MAX_SAFE_INTEGER` for all. */
  readonly last: number
  /**
   * Once the newest entries add up to this many bytes, a backplane may leave out the older ones: the reader has no room
   * for them. @defaultValue none
   */
  readonly maxBytes?: number | undefined
}

/** Ends a subscription. Nothing is delivered after the call. Idempotent. */
export type Unsubscribe = () => void

/**
 * Connects many processes: an append-only log per channel, which every node reads, including the publisher's own.
 *
 * The log gives each event its id and its place. All subscribers of a channel, on every node, receive the same entries
 * in the same order, none twice. What one process publishes keeps the order of the calls, awaited or not. If entries
 * are lost to a subscriber, `gap()` reports it: nothing goes missing silently. `backplaneContract` in
 * `@ssekit/sse-testkit` tests an implementation.
 */
export interface Backplane {
  /**
   * Appends an event, or the end, to the channel's log. Resolves with its id once the log has accepted it.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the log refused or did not answer in time; see `cause`
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than the log accepts, or too much is waiting already
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel has ended, or the backplane is closed
   */
  publish(channel: string, entry: LogInput): Promise<string>
  /**
   * Delivers the newest `last` entries, oldest first, then every later one, in the log's order, none twice. Resolves
   * once the subscription is live: everything published after that is delivered.
   *
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the log cannot be read
   */
  subscribe(channel: string, start: SubscriptionStart, sink: BackplaneSink): Promise<Unsubscribe>
  /**
   * Returns at most `limit` entries after an id, oldest first: `[]` if the id is the newest, `undefined` if the log
   * does not have that place. If an id occurs twice, the older entry counts.
   */
  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined>
  /** Releases what the backplane opened itself. Idempotent. */
  close(): Promise<void>
}
