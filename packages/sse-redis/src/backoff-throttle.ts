/** The first pause and the longest one, in ms. */
const MIN_PAUSE_MS = 20
const MAX_PAUSE_MS = 1_000

/**
 * Runs at once. Calls during the pause that follows are merged into one run at its end. The pause doubles, up to 1 s, while they
 * keep coming.
 */
export class BackoffThrottle {
  readonly #run: () => void
  #pauseMs = MIN_PAUSE_MS
  #pause: NodeJS.Timeout | undefined
  #isTriggered = false

  constructor(run: () => void) {
    this.#run = run
  }

  readonly trigger = (): void => {
    if (this.#pause !== undefined) {
      this.#isTriggered = true
      return
    }
    this.#isTriggered = false
    this.#pause = setTimeout(() => this.#onPauseOver(), this.#pauseMs).unref()
    this.#run()
  }

  close(): void {
    clearTimeout(this.#pause)
  }

  #onPauseOver(): void {
    this.#pause = undefined
    this.#pauseMs = this.#isTriggered ? Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs) : MIN_PAUSE_MS
    if (this.#isTriggered) this.trigger()
  }
}
