import type { LogEntry } from './backplane.js'

/** An entry, and the log's own name for the place after it, which no publisher chooses. */
export interface PlacedEntry {
  readonly place: string
  readonly entry: LogEntry
}

/** A part of a channel's log, up to its newest entry. */
export interface LogStretch {
  /** The id of a reader that stands before the first of the entries. */
  readonly originId: string
  /** If a publisher chose that id: the `uniqueId` of its entry. */
  readonly originUniqueId?: string | undefined
  /** Oldest first. */
  readonly entries: readonly PlacedEntry[]
  /** The place after the last of them, which is the newest of the log. A log has a place before its first entry too. */
  readonly place: string
  /**
   * The time by the log's clock, in ms since the epoch, if entries are dated by that clock: `LogFollowers` then
   * converts their dates to this process's clock. Default: the dates are taken as they are
   */
  readonly now?: number | undefined
}

/** A notification (the bell) about a channel: these entries came after that place. */
export interface LogNews {
  readonly after: string
  readonly entries: readonly PlacedEntry[]
  /**
   * How many bytes the entries take, roughly. While a follower reads the log, up to 4 MiB of notifications are kept;
   * beyond that, the entries are read from the log.
   * @defaultValue 4 KiB for each entry
   */
  readonly bytes?: number | undefined
}

/**
 * The channels' logs at a broker or in a database, as `LogFollowers` reads them: a log that can be read, and a
 * notification channel, called the bell, whose notifications may be lost.
 *
 * A place is the log's own name for the position after an entry. Only the log can interpret it. Equal places are the
 * same position, and a log that has lost its data must not reuse a former place for another entry.
 */
export interface SharedLog {
  /**
   * Reads the newest `last` entries, or fewer if they are more than `maxBytes`. For a channel without entries it makes
   * a place that other processes find too. Rejects if the log cannot be read.
   */
  newest(channel: string, last: number, maxBytes: number): Promise<LogStretch>
  /** Reads some entries after a place, oldest first; `[]` if it is the newest, undefined if the log has lost it. */
  after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined>
  /** Reads at most `limit` entries after an id, oldest first, as `Backplane.read`. Rejects if the log cannot be read. */
  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined>
  /** The newest places of channels, in that order; undefined for a channel of which the log knows none. */
  tails(channels: readonly string[]): Promise<readonly (string | undefined)[]>
  /**
   * Whether channels are at several servers, some of which may answer while others do not. Then `tails` is called for
   * one channel at a time, and no channel waits for the answer about another.
   * @defaultValue false: it is called for some hundreds at a time
   */
  readonly isSpread?: boolean | undefined
  /** Whether a place comes later in its log than another one. Also true if the log has lost its data between them. */
  isLater(place: string, than: string): boolean
  /**
   * Makes the bell ring for a channel, by calling `LogFollowers.hear`, from when the promise resolves. Called again for
   * the same channel after a missed notification, since its subscription may have stopped. It must release the former
   * subscription then, so that there are not two.
   */
  listen(channel: string): Promise<void>
  /** Stops the bell for a channel that nothing follows any more. Does not throw. */
  unlisten(channel: string): void
}
