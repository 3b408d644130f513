/** Proves that a stream of events numbered 1, 2, 3… has no holes and no repetitions, from wherever it begins. */
export class Sequence {
  received = 0
  missing = 0
  twice = 0
  #last: number | undefined

  /** Takes the next number, and returns whether it is a new one. */
  take(n: number): boolean {
    const last = this.#last ?? n - 1
    if (n <= last) {
      this.twice += 1
      return false
    }
    this.received += 1
    this.missing += n - last - 1
    this.#last = n
    return true
  }

  /** The server reported a gap (`sse-gap`): the next event is a new beginning. */
  restart(): void {
    this.#last = undefined
  }
}
