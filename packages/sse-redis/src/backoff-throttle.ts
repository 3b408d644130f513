/** How long it pauses at first, and at most, in ms. */
const MIN_PAUSE_MS = 20
const MAX_PAUSE_MS = 1_000

/**
 * Does something at once when it is called for, and for all calls of the pause after that once more. As long as calls come in every pause, each
 * pause is twice as long as the one before it.
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
