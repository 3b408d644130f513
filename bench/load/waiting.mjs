/** Without an event for this long, one is lost. */
const PATIENCE_MS = 20_000

/** Waits for events, and fails if one is lost or doubled, or if a stream breaks. */
export class Waiting {
  #streams
  #target = Number.POSITIVE_INFINITY
  #isTired = false
  /** @type {{ resolve: (value?: undefined) => void, reject: (error: Error) => void } | undefined} */
  #waiter

  /** @param {import('./streams.mjs').Streams} streams */
  constructor(streams) {
    this.#streams = streams
    streams.onEvents = this.#check
    streams.onFailure = (error) => this.#settle()?.reject(error)
    setInterval(() => this.#lookAround(), PATIENCE_MS / 2).unref()
  }

  /**
   * Shows someone else all events, until the returned function is called.
   *
   * @param {(index: number, first: number, count: number) => void} onEvents
   */
  observe(onEvents) {
    this.#streams.onEvents = (index, first, count) => {
      onEvents(index, first, count)
      this.#check()
    }
    return () => {
      this.#streams.onEvents = this.#check
    }
  }

  /**
   * Resolves when so many events have arrived, on all streams together.
   *
   * @param {number} total
   * @returns {Promise<void>}
   */
  forTotal(total) {
    const { failure } = this.#streams
    if (failure !== undefined) return Promise.reject(failure)
    if (this.#streams.total >= total) return Promise.resolve()
    this.#isTired = false
    return new Promise((resolve, reject) => {
      this.#target = total
      this.#waiter = { resolve, reject }
    })
  }

  /** @param {number} count @throws if a stream has received more or less */
  requireEach(count) {
    const wrong = this.#streams.received.findIndex((received) => received !== count)
    if (wrong === -1) return
    throw new Error(`stream ${wrong} received ${this.#streams.received[wrong]} events, not ${count}`)
  }

  #check = () => {
    this.#isTired = false
    if (this.#streams.total >= this.#target) this.#settle()?.resolve()
  }

  #lookAround() {
    if (this.#waiter === undefined) return
    if (this.#isTired) {
      const message = `events are lost: ${this.#streams.total} of ${this.#target} arrived`
      this.#settle()?.reject(new Error(message))
    }
    this.#isTired = true
  }

  #settle() {
    const waiter = this.#waiter
    this.#waiter = undefined
    this.#target = Number.POSITIVE_INFINITY
    return waiter
  }
}
