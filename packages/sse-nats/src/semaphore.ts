import { SseError } from '@ssekit/sse-core'

/** Runs at most so many tasks at a time, in the order of the calls. */
export class Semaphore {
  readonly #timeoutMs: number
  #free: number
  readonly #waiting: (() => void)[] = []

  /** @param timeoutMs after how long nobody wants a task's result any more, in ms */
  constructor(count: number, timeoutMs: number) {
    this.#free = count
    this.#timeoutMs = timeoutMs
  }

  /** @throws {SseError} `ERR_SSE_BACKPLANE`: the others took so long that the task was not begun */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const calledAt = performance.now()
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      if (performance.now() - calledAt > this.#timeoutMs) {
        throw new SseError('ERR_SSE_BACKPLANE', `other reads took more than ${this.#timeoutMs} ms`)
      }
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
