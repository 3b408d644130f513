import { faultsOf, ResumingReader } from '../clients/resuming-reader.js'

/** Readers of the same numbers. */
export class Crowd {
  readonly #readers: readonly ResumingReader[]
  #look: (() => void) | undefined

  constructor(url: string, size: number) {
    this.#readers = Array.from({ length: size }, () => new ResumingReader(url, () => this.#look?.()))
  }

  /** Resolves once all have read a number. */
  async have(number: number): Promise<void> {
    const behind = new Set(this.#readers)
    for (;;) {
      for (const reader of behind) {
        if (reader.numbers.at(-1) !== number) break
        behind.delete(reader)
      }
      if (behind.size === 0) return
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }

  /** Where any of them was not given each number once and in order, or not told of a hole. */
  faults(last: number): string[] {
    return this.#readers.flatMap(({ numbers }) => faultsOf(numbers, last))
  }

  /** How many gaps they were told of. */
  get gaps(): number {
    return this.#readers.reduce((sum, { numbers }) => sum + numbers.filter((number) => number === null).length, 0)
  }

  /** How often they came back. */
  get reconnects(): number {
    return this.#readers.reduce((sum, { reconnects }) => sum + reconnects, 0)
  }

  pause(): void {
    for (const reader of this.#readers) reader.pause()
  }

  resume(): void {
    for (const reader of this.#readers) reader.resume()
  }

  leave(): void {
    for (const reader of this.#readers) reader.leave()
  }
}
