import type { SharedLog } from './shared-log.js'
import { inTime } from './time-limit.js'

/** How many channels one request compares. */
const COMPARED_AT_ONCE = 500

export interface ComparisonOptions {
  readonly tails: SharedLog['tails']
  /** How long one request may take, in ms. */
  readonly timeoutMs: number
  /** Returns the channels to compare: those without news since the last call. */
  readonly takeQuiet: () => readonly string[]
  readonly check: (channel: string, tail: string | undefined) => void
}

/** Compares channels with the log: requests their newest places, in one request after another, never two at a time. */
export class Comparison {
  readonly #options: ComparisonOptions
  #isRunning = false
  #isAskedAgain = false
  // Even after its timeout, a request may still be under way, or wait for its client's connection to the broker.
  #isUnanswered = false

  constructor(options: ComparisonOptions) {
    this.#options = options
  }

  /** Compares the quiet channels, unless a comparison is under way. */
  run(): void {
    // More requests would only pile up, and then be answered all at once.
    if (!this.#isRunning && !this.#isUnanswered) void this.#run()
  }

  /** Does the same. If a comparison is under way, another one follows, since the current one may be too early. */
  runAgain(): void {
    if (this.#isRunning || this.#isUnanswered) this.#isAskedAgain = true
    else this.run()
  }

  async #run(): Promise<void> {
    const { takeQuiet, check } = this.#options
    this.#isRunning = true
    try {
      do {
        this.#isAskedAgain = false
        for (const channels of pages(takeQuiet(), COMPARED_AT_ONCE)) {
          const tails = await this.#ask(channels)
          // The log cannot be reached now. Publishers get an error for that; here the next comparison tries again.
          if (tails === undefined) break
          for (const [index, channel] of channels.entries()) check(channel, tails[index])
        }
      } while (this.#isToGoOn())
    } finally {
      this.#isRunning = false
    }
  }

  #isToGoOn(): boolean {
    return this.#isAskedAgain && !this.#isUnanswered
  }

  async #ask(channels: readonly string[]): Promise<readonly (string | undefined)[] | undefined> {
    const { tails, timeoutMs } = this.#options
    try {
      return await inTime(this.#answered(tails(channels)), timeoutMs, 'the newest places')
    } catch {
      return undefined
    }
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    this.#isUnanswered = true
    try {
      return await answer
    } finally {
      this.#isUnanswered = false
      // Only if the request timed out, and nothing waits for its answer: otherwise `run()` does nothing.
      if (this.#isAskedAgain) this.run()
    }
  }
}

function* pages<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}
