import type { LogEntry } from './backplane.js'

/** An entry, and the log's own name of the place behind it, which no publisher chooses. */
export interface PlacedEntry {
  readonly place: string
  readonly entry: LogEntry
}

/** A part of a channel's log, up to its newest entry. */
export interface LogStretch {
  /** The id that a reader has who stands before the first of the entries. */
  readonly originId: string
  /** Oldest first. */
  readonly entries: readonly PlacedEntry[]
  /** The place behind the last of them, and the newest of the log; it has one before its first entry too. */
  readonly place: string
  /**
   * What time it is by the log's clock, in ms since the epoch, if that is what entries are dated by: `LogFollowers` then has them dated by
   * this process's. Default: they are as old as they say
   */
  readonly now?: number | undefined
}

/** What a bell says of a channel: these entries came after that place. */
export interface LogNews {
  readonly after: string
  readonly entries: readonly PlacedEntry[]
  /**
   * How many bytes they take, roughly: what comes while a follower reads is kept up to 4 MiB, beyond which it is read from the log.
   * @defaultValue 4 KiB for each entry
   */
  readonly bytes?: number | undefined
}

/**
 * The channels' logs at a broker or in a database, as `LogFollowers` reads them: a log that can be asked, and a bell that
 * tells of news and may be missed.
 *
 * A place is the log's own name for where an entry ends. It says nothing to others than the log; two that are equal are the
 * same place, and a log that has lost its data must not give a place of its former life to another entry.
 */
export interface SharedLog {
  /**
   * The newest `last` entries; fewer, if they are more than `maxBytes`. Of a channel that has none it makes a place that
   * others find too. Rejects if the log cannot be read.
   */
  newest(channel: string, last: number, maxBytes: number): Promise<LogStretch>
  /** Some of the entries after a place, oldest first, `[]` if it is the newest; undefined if the log no longer has that place. */
  after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined>
  /** Some of the entries after an id, oldest first, at most `limit`; as `Backplane.read`. Rejects if the log cannot be read. */
  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined>
  /** The newest places of channels, in their order; undefined for a channel of which the log knows none. */
  tails(channels: readonly string[]): Promise<readonly (string | undefined)[]>
  /**
   * Whether channels are at several servers, of which some may answer while others do not: then `tails` is asked for one channel at a
   * time, and none waits for the answer about another. @defaultValue false: it is asked for some hundreds
   */
  readonly isSpread?: boolean | undefined
  /** Whether a place comes later in its log than another one. Also true if the log has lost its data between them. */
  isLater(place: string, than: string): boolean
  /**
   * Has the bell ring for a channel, by `LogFollowers.hear`, from when the promise resolves. Called again for a channel that it rings
   * for, where a bell was missed, since it may have stopped: what was subscribed to before is given back then, lest there be two.
   */
  listen(channel: string): Promise<void>
  /** Nobody follows this channel any more. It does not throw. */
  unlisten(channel: string): void
}
