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
    streams.onEvents = () => this.check()
    streams.onFailure = (error) => this.fail(error)
    setInterval(() => this.#lookAround(), PATIENCE_MS / 2).unref()
  }

  /** To be called when events have arrived. */
  check() {
    this.#isTired = false
    if (this.#streams.total >= this.#target) this.#settle()?.resolve()
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

  /** @param {Error} error */
  fail(error) {
    this.#settle()?.reject(error)
  }

  #lookAround() {
    if (this.#waiter === undefined) return
    if (this.#isTired) this.fail(new Error(`events are lost: ${this.#streams.total} of ${this.#target} arrived`))
    this.#isTired = true
  }

  #settle() {
    const waiter = this.#waiter
    this.#waiter = undefined
    this.#target = Number.POSITIVE_INFINITY
    return waiter
  }
}
