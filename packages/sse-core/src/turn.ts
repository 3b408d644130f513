/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

const MAX_STEPS = 1_000
const MAX_BYTES = 256 * 1024

/** Gives the event loop its turn now and then, however eager a source and its readers are. */
export class Pace {
  #steps = 0
  #bytes = 0

  /** To be awaited after each value; `bytes` is what was done with it. */
  async step(bytes: number): Promise<void> {
    this.#steps += 1
    this.#bytes += bytes
    if (this.#steps < MAX_STEPS && this.#bytes < MAX_BYTES) return
    this.#steps = 0
    this.#bytes = 0
    await turn()
  }
}
