import type { Log } from './log.js'

/** What all logs of a manager may hold together. Over it, the log that was written to longest ago gives up its oldest events. */
export class HistoryBudget {
  readonly #maxBytes: number
  // In the order of the last write.
  readonly #counted = new Map<Log, number>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The bytes that all logs hold. */
  get bytes(): number {
    return this.#bytes
  }

  /** Counts a log anew, after something was added to or evicted from it. */
  update(log: Log): void {
    const counted = this.#counted.get(log) ?? 0
    this.#bytes += log.bytes - counted
    if (log.bytes >= counted) this.#counted.delete(log)
    this.#counted.set(log, log.bytes)
    if (this.#bytes > this.#maxBytes) this.#evict()
  }

  /** Counts a log no longer. */
  drop(log: Log): void {
    this.#bytes -= this.#counted.get(log) ?? 0
    this.#counted.delete(log)
  }

  #evict(): void {
    for (const log of this.#counted.keys()) {
      const before = log.bytes
      while (this.#bytes - before + log.bytes > this.#maxBytes && log.evictOldest());
      this.#bytes -= before - log.bytes
      // What has nothing left to give must not be asked again and again.
      if (log.bytes === 0) this.#counted.delete(log)
      else this.#counted.set(log, log.bytes)
      if (this.#bytes <= this.#maxBytes) return
    }
  }
}
