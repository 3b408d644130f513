import type { Stream } from './stream.js'

/** How long to wait until the broker is asked again, in ms: twice as long every time. */
const FIRST_WAIT_MS = 50
const LAST_WAIT_MS = 1_000

/** Asks for the stream until it is there. */
export class Revival {
  readonly #stream: Stream
  readonly #onRevived: () => void
  /** Why it is not there, as far as is known. */
  reason: unknown
  #isConnected = true
  // A number for each attempt; those before it are void.
  #attempt = 0
  #isRunning = false
  #revivedAt = Number.NEGATIVE_INFINITY

  constructor(stream: Stream, onRevived: () => void) {
    this.#stream = stream
    this.#onRevived = onRevived
  }

  /** Begins, if it has not. */
  start(): void {
    if (this.#isConnected && !this.#isRunning) void this.#run()
  }

  /** There is a new connection: what was asked over the former one is never answered. */
  restart(): void {
    this.stop()
    this.#isConnected = true
    this.start()
  }

  /** There is no connection. */
  stop(reason?: Error): void {
    this.reason = reason
    this.#isConnected = false
    this.#isRunning = false
    this.#attempt += 1
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const attempt = this.#attempt
    this.#isRunning = true
    // The stream was there a moment ago, and nobody leads it.
    if (performance.now() - this.#revivedAt < FIRST_WAIT_MS) await wait(FIRST_WAIT_MS)
    if (attempt !== this.#attempt) return
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
      const isThere = await this.#isThere()
      if (attempt !== this.#attempt) return
      if (isThere) break
      await wait(waitMs)
      if (attempt !== this.#attempt) return
    }
    this.#isRunning = false
    this.#revivedAt = performance.now()
    this.reason = undefined
    this.#onRevived()
  }

  async #isThere(): Promise<boolean> {
    try {
      await this.#stream.refresh()
      return true
    } catch (error) {
      this.reason = error
      return false
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
