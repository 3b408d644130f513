/** How an event came: live, late (its connection had been cut), or before this page was loaded. */
export type Arrival = 'live' | 'late' | 'before'

/** One cell for each of the newest numbers shows whether and how it came; while a stream is disconnected, its cells are empty. */
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

  /** @param head the newest number that came through any server; its cell is the last one */
  show(head: number): void {
    for (const [index, cell] of this.#cells.entries()) {
      const n = head - this.#cells.length + 1 + index
      cell.className = n < 1 ? 'none' : `cell ${this.#arrivals.get(n) ?? ''}`
    }
  }
}
