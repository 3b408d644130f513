/**
 * First in, first out, at the same cost however much waits: `shift()` of a long array moves all that is behind. What was
 * taken is held no longer.
 */
export class Queue<T extends object> {
  // Backwards, so that the next to be taken is the last; when all of these are taken, what was added meanwhile is turned over.
  #front: T[] = []
  #back: T[] = []

  get length(): number {
    return this.#front.length + this.#back.length
  }

  add(item: T): void {
    this.#back.push(item)
  }

  /** What was added first; undefined if nothing waits. */
  take(): T | undefined {
    if (this.#front.length === 0) {
      const turned = this.#back.reverse()
      this.#back = this.#front
      this.#front = turned
    }
    return this.#front.pop()
  }

  clear(): void {
    this.#front = []
    this.#back = []
  }
}
