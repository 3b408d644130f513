/** If no event arrives for this long, one is lost. */
const PATIENCE_MS = 20_000

/**
 * An object that counts events.
 *
 * @typedef {object} Counted
 * @property {number} total how many have arrived
 * @property {Error | undefined} failure
 * @property {(index: number, first: number, count: number) => void} onEvents called with how many a stream had before,
 *   and how many have arrived
 * @property {(error: Error) => void} onFailure
 */

/** Waits for events, and fails if one is lost or doubled, or if a stream breaks. */
export class Waiting {
  #counted
  #target = Number.POSITIVE_INFINITY
  #isTired = false
  /** @type {{ resolve: (value?: undefined) => void, reject: (error: Error) => void } | undefined} */
  #waiter

  /** @param {Counted} counted */
  constructor(counted) {
    this.#counted = counted
    counted.onEvents = this.#check
    counted.onFailure = (error) => this.#settle()?.reject(error)
    setInterval(() => this.#lookAround(), PATIENCE_MS / 2).unref()
  }

  /**
   * Passes all events to another function too, until the returned function is called.
   *
   * @param {(index: number, first: number, count: number) => void} onEvents
   */
  observe(onEvents) {
    this.#counted.onEvents = (index, first, count) => {
      onEvents(index, first, count)
      this.#check()
    }
    return () => {
      this.#counted.onEvents = this.#check
    }
  }

  /**
   * Resolves when this many events have arrived, on all streams together.
   *
   * @param {number} total
   * @returns {Promise<void>}
   */
  forTotal(total) {
    const { failure } = this.#counted
    if (failure !== undefined) return Promise.reject(failure)
    if (this.#counted.total >= total) return Promise.resolve()
    this.#isTired = false
    return new Promise((resolve, reject) => {
      this.#target = total
      this.#waiter = { resolve, reject }
    })
  }

  #check = () => {
    this.#isTired = false
    if (this.#counted.total >= this.#target) this.#settle()?.resolve()
  }

  #lookAround() {
    if (this.#waiter === undefined) return
    if (this.#isTired) {
      const message = `events are lost: ${this.#counted.total} of ${this.#target} arrived`
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
