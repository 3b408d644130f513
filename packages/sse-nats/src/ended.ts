/** How many channels are remembered. */
const MAX_CHANNELS = 1_000

/**
 * Channels that were seen to have ended. Publishing to one would store an event behind the end, where it is of no use and
 * takes the place of one that is; so the broker is asked first. Only the latest are remembered: it is the broker who knows.
 */
export class Ended {
  readonly #channels = new Set<string>()

  has(channel: string): boolean {
    return this.#channels.has(channel)
  }

  add(channel: string): void {
    this.#channels.add(channel)
    if (this.#channels.size <= MAX_CHANNELS) return
    for (const oldest of this.#channels) {
      this.#channels.delete(oldest)
      break
    }
  }

  delete(channel: string): void {
    this.#channels.delete(channel)
  }
}
