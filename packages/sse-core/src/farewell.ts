import type { SseConnection } from './connection.js'
import { formatEvent, type SseEvent } from './event.js'
import { requireDuration } from './limits.js'
import { requireRetryMs } from './settings.js'
import { closeAfterwards, shutDown } from './shutdown.js'

export interface CloseOptions {
  /** How long streams may take to end before they are destroyed, in ms. @defaultValue 5_000 */
  readonly graceMs?: number | undefined
  /** A last event for every stream. */
  readonly event?: SseEvent | string | undefined
  /**
   * When clients are to come back, in ms: a number, or a range from which each gets its own.
   * @defaultValue from one to four times `retryMs`
   */
  readonly retryMs?: number | readonly [min: number, max: number] | undefined
}

/** What streams end with when nobody serves them any more. */
export class Farewell {
  readonly #graceMs: number
  readonly #text: string
  readonly #minRetryMs: number
  readonly #maxRetryMs: number

  /**
   * @param usualRetryMs when clients come back that are told nothing else
   * @throws {RangeError} an option is out of its range
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: the last event cannot be written
   */
  constructor(options: CloseOptions, usualRetryMs: number) {
    const { graceMs = 5_000, event, retryMs = [usualRetryMs, 4 * usualRetryMs] } = options
    const [min, max] = typeof retryMs === 'number' ? [retryMs, retryMs] : retryMs
    requireRetryMs(min)
    if (requireRetryMs(max) < min) {
      throw new RangeError(`retryMs must be a range from less to more, not ${min} to ${max}`)
    }
    this.#graceMs = requireDuration('graceMs', graceMs)
    this.#text = event === undefined ? '' : formatEvent(event)
    this.#minRetryMs = min
    this.#maxRetryMs = max
  }

  /**
   * Ends streams; resolves when each response is finished or destroyed, and its socket closed.
   *
   * @param finishing streams that have ended before, and whose clients have yet to take the rest
   */
  async bid(connections: readonly SseConnection[], finishing: readonly SseConnection[]): Promise<void> {
    const over = [
      ...finishing.map(({ res }) => new Promise<void>((resolve) => closeAfterwards(res, this.#graceMs, resolve))),
      ...connections.map((connection) => new Promise<void>((resolve) => this.#shutDown(connection, resolve))),
    ]
    await Promise.all(over)
  }

  #shutDown(connection: SseConnection, onOver: () => void): void {
    shutDown(connection, `${this.#text}retry: ${this.#retryMs()}\n\n`, this.#graceMs, onOver)
  }

  /** Each its own time, so that they do not all come back at once. */
  #retryMs(): number {
    return Math.round(this.#minRetryMs + (this.#maxRetryMs - this.#minRetryMs) * Math.random())
  }
}
