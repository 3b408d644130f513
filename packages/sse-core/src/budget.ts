import type { Log } from './log.js'

/**
 * The bytes that all logs of a manager may hold together. Above that, the log that was written to longest ago evicts
 * its oldest events.
 */
export class HistoryBudget {
  readonly #maxBytes: number
  // In the order of their last writes.
  readonly #counted = new Map<Log, number>()
  #newest: Log | undefined
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The bytes that all logs hold. */
  get bytes(): number {
    return this.#bytes
  }

  /** Counts a log to which something was added. It becomes the last one to evict anything. */
  grow(log: Log): void {
    // A map that deletes and sets the same key again and again is rebuilt often. So the newest log stays where it is.
    if (log !== this.#newest) {
      const counted = this.#counted.get(log) ?? 0
      this.#counted.delete(log)
      this.#counted.set(log, counted)
      this.#newest = log
    }
    this.update(log)
  }

  /** Counts a log again, from which something may have been evicted. */
  update(log: Log): void {
    this.#bytes += log.bytes - (this.#counted.get(log) ?? 0)
    this.#counted.set(log, log.bytes)
    if (this.#bytes > this.#maxBytes) this.#evict()
  }

  /** Stops counting a log. */
  drop(log: Log): void {
    this.#bytes -= this.#counted.get(log) ?? 0
    this.#counted.delete(log)
    if (this.#newest === log) this.#newest = undefined
  }

  #evict(): void {
    for (const [log, counted] of this.#counted) {
      // The log may hold bytes that are not counted yet.
      while (this.#bytes - counted + log.bytes > this.#maxBytes && log.evictOldest());
      this.#bytes += log.bytes - counted
      // Later evictions must not visit an empty log again and again.
      if (log.bytes === 0) this.#counted.delete(log)
      else this.#counted.set(log, log.bytes)
      if (this.#bytes <= this.#maxBytes) return
    }
  }
}
