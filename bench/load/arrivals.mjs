/** @typedef {import('./waiting.mjs').Counted} Counted */

/**
 * The events that a node receives. Each starts with its number in its channel; none may be lost, doubled, or out of order.
 *
 * @implements {Counted}
 */
export class Arrivals {
  /** How many events have arrived since `reset()`. */
  total = 0
  /** @type {Counted['onEvents']} */
  onEvents = () => {}
  /** @type {(error: Error) => void} */
  onFailure = () => {}
  /** @type {Error | undefined} */
  failure
  /** Called with the data of each event. @type {((data: string) => void) | undefined} */
  observer
  /** The number of each channel's next event. @type {Map<string, number>} */
  #next = new Map()

  /** Adds a channel. @param {string} channel */
  meet(channel) {
    this.#next.set(channel, 0)
  }

  reset() {
    this.total = 0
  }

  /**
   * Counts the next event of a channel, and checks its number.
   *
   * @param {string} channel
   * @param {string} data
   */
  hear = (channel, data) => {
    const next = this.#next.get(channel) ?? Number.NaN
    const number = Number.parseInt(data, 10)
    if (number !== next) this.fail(`channel ${channel} got event ${number} instead of event ${next}`)
    this.#next.set(channel, next + 1)
    this.total += 1
    this.observer?.(data)
    this.onEvents(0, this.total - 1, 1)
  }

  /** @param {string} message */
  fail(message) {
    this.failure ??= new Error(message)
    this.onFailure(this.failure)
  }
}
