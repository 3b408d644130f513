import { pick } from '../chaos/random.js'
import { CUTS, type Cut } from './resuming-client.js'
import { faultsOf, ResumingReader } from './resuming-reader.js'

/** Many readers of one channel of numbers. */
export class Crowd {
  readonly readers: readonly ResumingReader[]
  readonly #waiting = new Set<ResumingReader>()
  #target: number | undefined
  #settle: () => void = () => {}

  constructor(size: number, url: string) {
    this.readers = Array.from({ length: size }, () => new ResumingReader(url, (reader) => this.#onRead(reader)))
  }

  /** Resolves once all readers have read a number. */
  everybodyHas(number: number): Promise<void> {
    return new Promise((resolve) => {
      this.#target = number
      this.#settle = resolve
      for (const reader of this.readers) this.#waiting.add(reader)
      for (const reader of this.readers) this.#onRead(reader)
    })
  }

  /**
   * Cuts this many readers a second for `ms`, in random ways, some of them while paused. Returns how often each way was
   * used.
   *
   * @param awayMs how long a reader waits before it reconnects
   */
  async cutAtRandom(perSecond: number, ms: number, awayMs: () => number): Promise<Record<Cut | 'paused', number>> {
    const counts = { reset: 0, fin: 0, destroy: 0, within: 0, paused: 0 }
    const start = performance.now()
    for (let passed = 0, cuts = 0; passed < ms; passed = performance.now() - start) {
      for (; cuts < (passed / 1_000) * perSecond; cuts++) {
        const reader = pick(this.readers)
        // A paused reader is cut the next time it is picked, unless it has reconnected by then.
        if (!reader.isPaused && Math.random() < 0.2) reader.pause()
        else {
          const how = pick(CUTS)
          counts[reader.isPaused ? 'paused' : how] += 1
          reader.cut(how, awayMs())
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (const reader of this.readers) reader.resume()
    return counts
  }

  /** Where any reader did not get each number once and in order from its first one on, or a gap for missing ones. */
  faults(last: number): string[] {
    return this.readers.flatMap(({ numbers }) => faultsOf(numbers, last, numbers[0] ?? last))
  }

  /** How many gaps all readers received. */
  get gaps(): number {
    return this.readers.reduce((sum, { numbers }) => sum + numbers.filter((number) => number === null).length, 0)
  }

  /** How often all readers reconnected. */
  get reconnects(): number {
    return this.readers.reduce((sum, { reconnects }) => sum + reconnects, 0)
  }

  pause(): void {
    for (const reader of this.readers) reader.pause()
  }

  resume(): void {
    for (const reader of this.readers) reader.resume()
  }

  leave(): void {
    for (const reader of this.readers) reader.leave()
  }

  #onRead(reader: ResumingReader): void {
    if (reader.numbers.at(-1) === this.#target && this.#waiting.delete(reader) && this.#waiting.size === 0)
      this.#settle()
  }
}
