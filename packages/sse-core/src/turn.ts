/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

const MAX_STEPS = 1_000

/** Gives the event loop a turn now and then, so that an eager source and eager readers cannot block it. */
export class Pace {
  #steps = 0

  /** Await it after each value. */
  async step(): Promise<void> {
    this.#steps += 1
    if (this.#steps < MAX_STEPS) return
    this.#steps = 0
    await turn()
  }
}
