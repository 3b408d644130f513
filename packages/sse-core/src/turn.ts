/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

const MAX_STEPS = 1_000

/** Gives the event loop its turn now and then, however eager a source and its readers are. */
export class Pace {
  #steps = 0

  /** To be awaited after each value. */
  async step(): Promise<void> {
    this.#steps += 1
    if (this.#steps < MAX_STEPS) return
    this.#steps = 0
    await turn()
  }
}
