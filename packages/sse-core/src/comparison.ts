import type { SharedLog } from './shared-log.js'
import { inTime } from './time-limit.js'

/** How many channels are compared by one question. */
const COMPARED_AT_ONCE = 500

export interface ComparisonOptions {
  readonly tails: SharedLog['tails']
  /** How long one question may take, in ms. */
  readonly timeoutMs: number
  /** The channels to compare: those of which nothing was heard since this was called last. */
  readonly takeQuiet: () => readonly string[]
  readonly check: (channel: string, tail: string | undefined) => void
}

/** Compares channels with the log: asks for their newest places, by one question after another, and never by two at a time. */
export class Comparison {
  readonly #options: ComparisonOptions
  #isRunning = false
  #isAskedAgain = false
  // A question that took too long is still on its way, or waits in a client for its connection.
  #isUnanswered = false

  constructor(options: ComparisonOptions) {
    this.#options = options
  }

  /** Compares what is quiet, unless it does already. */
  run(): void {
    // More of the same would only pile up, and all be answered at once.
    if (!this.#isRunning && !this.#isUnanswered) void this.#run()
  }

  /** The same; where it does so already, once more after that: what is being answered may have been asked too early. */
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
          // If the log cannot be asked now, as whoever publishes is told, the next time does.
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
      // Unless it runs still: nobody has waited for this answer any more.
      if (this.#isAskedAgain) this.run()
    }
  }
}

function* pages<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}
