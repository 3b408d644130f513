/** How an event came: as it happened, after its connection had been cut, or not to this page at all, but before it. */
export type Arrival = 'live' | 'late' | 'before'

/** One cell for each of the newest numbers, whether it came and how: while a stream is cut, its cells stay empty. */
export class Cells {
  readonly #cells: readonly HTMLElement[]
  readonly #arrivals = new Map<number, Arrival>()

  constructor(element: HTMLElement, count: number) {
    this.#cells = Array.from({ length: count }, () => document.createElement('i'))
    element.replaceChildren(...this.#cells)
  }

  mark(n: number, arrival: Arrival): void {
    this.#arrivals.set(n, arrival)
    this.#arrivals.delete(n - this.#cells.length)
  }

  clear(): void {
    this.#arrivals.clear()
  }

  /** @param head the newest number that there is, whoever has it; its cell is the last one */
  show(head: number): void {
    for (const [index, cell] of this.#cells.entries()) {
      const n = head - this.#cells.length + 1 + index
      cell.className = n < 1 ? 'none' : `cell ${this.#arrivals.get(n) ?? ''}`
    }
  }
}
