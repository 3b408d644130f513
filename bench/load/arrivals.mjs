/** @typedef {import('./waiting.mjs').Counted} Counted */

/**
 * What a node hears of channels, each of whose events says first which one it is: none may be lost or doubled, or come before
 * another.
 *
 * @implements {Counted}
 */
export class Arrivals {
  /** How many events have come since `reset()`. */
  total = 0
  /** @type {Counted['onEvents']} */
  onEvents = () => {}
  /** @type {(error: Error) => void} */
  onFailure = () => {}
  /** @type {Error | undefined} */
  failure
  /** Shows an event. @type {((data: string) => void) | undefined} */
  observer
  /** The number of each channel's next event. @type {Map<string, number>} */
  #next = new Map()

  /** Learns that there is a channel. @param {string} channel */
  meet(channel) {
    this.#next.set(channel, 0)
  }

  reset() {
    this.total = 0
  }

  /**
   * Takes the next event.
   *
   * @param {string} channel
   * @param {string} data
   */
  hear = (channel, data) => {
    const next = this.#next.get(channel) ?? Number.NaN
    const number = Number.parseInt(data, 10)
    if (number !== next) this.fail(`event ${number} of channel ${channel} came where ${next} was to come`)
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
