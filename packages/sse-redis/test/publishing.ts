import type { Backplane, SseError } from '@ssekit/sse-core'
import { until } from './until.js'

/** Publishes a number every few milliseconds, whether the previous ones are accepted or not, and records the outcomes. */
export class Publishing {
  /** The accepted events: their data and ids. */
  readonly accepted = new Map<string, string>()
  readonly refused = new Map<string, SseError>()
  readonly #name: string
  readonly #backplane: Backplane
  readonly #channel: string
  readonly #timer: NodeJS.Timeout
  #published = 0

  constructor(name: string, backplane: Backplane, channel: string, everyMs = 5) {
    this.#name = name
    this.#backplane = backplane
    this.#channel = channel
    this.#timer = setInterval(() => this.#publish(), everyMs)
  }

  /** How many publishes are pending. */
  get pending(): number {
    return this.#published - this.accepted.size - this.refused.size
  }

  /** Waits until this many more are accepted. */
  accepts(count: number): Promise<void> {
    const target = this.accepted.size + count
    return until(() => this.accepted.size >= target, `${count} accepted events of ${this.#name}`)
  }

  /** Waits until all pending publishes, and one more, have settled, and at least one of them was rejected. */
  async isRefused(): Promise<void> {
    const [published, refused] = [this.#published, this.refused.size]
    await until(() => this.#published - this.pending > published, `an answer to ${this.#name}`)
    await until(() => this.refused.size > refused, `a refused event of ${this.#name}`)
  }

  /** Resolves when all publishes so far have settled. */
  async settles(): Promise<void> {
    const published = this.#published
    await until(() => this.accepted.size + this.refused.size >= published, `an answer to ${this.#name}`)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #publish(): void {
    this.#published += 1
    const data = `${this.#name} ${this.#published}`
    this.#backplane.publish(this.#channel, { event: { data } }).then(
      (id) => this.accepted.set(data, id),
      (error: SseError) => this.refused.set(data, error),
    )
  }
}

/** Publishes data until it is accepted. On a busy machine it may then be stored more than once. */
export function insist(backplane: Backplane, channel: string, data: unknown): Promise<void> {
  const isAccepted = async (): Promise<boolean> =>
    backplane.publish(channel, { event: { data } }).then(
      () => true,
      () => false,
    )
  return until(isAccepted, `the acceptance of ${String(data)}`)
}
