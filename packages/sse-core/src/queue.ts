/**
 * A first-in, first-out queue whose cost per item does not grow with its length, where `shift()` of a long array moves
 * all the items that follow. It does not hold on to items that were taken.
 */
export class Queue<T extends object | number> {
  // Reversed, so that the next item is the last. When it is empty, the reversed `#back` takes its place.
  #front: T[] = []
  #back: T[] = []

  get length(): number {
    return this.#front.length + this.#back.length
  }

  add(item: T): void {
    this.#back.push(item)
  }

  /** Removes the item that was added first and returns it; undefined if the queue is empty. */
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
