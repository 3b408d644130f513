import type { Log } from './log.js'

/** What all logs of a manager may hold together. Over it, the log that was written to longest ago gives up its oldest events. */
export class HistoryBudget {
  readonly #maxBytes: number
  // In the order of the last write.
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

  /** Counts a log to which something was added: of all it is the last to give up anything. */
  grow(log: Log): void {
    // A map in which the same key comes and goes is soon made anew: a log that is written to again and again stays where it is.
    if (log !== this.#newest) {
      const counted = this.#counted.get(log) ?? 0
      this.#counted.delete(log)
      this.#counted.set(log, counted)
      this.#newest = log
    }
    this.update(log)
  }

  /** Counts a log from which something may have been evicted. */
  update(log: Log): void {
    this.#bytes += log.bytes - (this.#counted.get(log) ?? 0)
    this.#counted.set(log, log.bytes)
    if (this.#bytes > this.#maxBytes) this.#evict()
  }

  /** Counts a log no longer. */
  drop(log: Log): void {
    this.#bytes -= this.#counted.get(log) ?? 0
    this.#counted.delete(log)
    if (this.#newest === log) this.#newest = undefined
  }

  #evict(): void {
    for (const [log, counted] of this.#counted) {
      // It may hold what is not counted yet.
      while (this.#bytes - counted + log.bytes > this.#maxBytes && log.evictOldest());
      this.#bytes += log.bytes - counted
      // What has nothing left to give must not be asked again and again.
      if (log.bytes === 0) this.#counted.delete(log)
      else this.#counted.set(log, log.bytes)
      if (this.#bytes <= this.#maxBytes) return
    }
  }
}
