import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { SseError } from '@ssekit/sse-core'
import type { Stream } from './stream.js'

/** How long to wait before the next attempt, in ms; the time doubles with each. */
const FIRST_WAIT_MS = 50
const LAST_WAIT_MS = 1_000

export interface StreamRecoveryOptions {
  /** Whether anybody waits for the stream. If not, the attempts stop. */
  readonly isNeeded: () => boolean
  /** The stream is available. */
  readonly onRecovered: () => void
  /** It is not, and will not be until the server is configured otherwise. */
  readonly onRefused: (error: SseError) => void
}

/** Asks for the stream until it is available, or nobody needs it any more. */
export class StreamRecovery {
  readonly #stream: Pick<Stream, 'refresh'>
  readonly #options: StreamRecoveryOptions
  /** Why it is not available, as far as is known. */
  reason: unknown
  #isConnected = true
  // Each attempt has a number; earlier attempts are void.
  #attempt = 0
  #isRunning = false
  #recoveredAt = Number.NEGATIVE_INFINITY

  constructor(stream: Pick<Stream, 'refresh'>, options: StreamRecoveryOptions) {
    this.#stream = stream
    this.#options = options
  }

  /** Starts, unless it is running. */
  start(): void {
    if (this.#isConnected && !this.#isRunning) void this.#run()
  }

  /** There is a new connection: requests over the former one are never answered. */
  restart(): void {
    this.stop()
    this.#isConnected = true
    this.start()
  }

  /** There is no connection. */
  stop(reason?: Error): void {
    this.reason = reason
    this.#isConnected = false
    this.#isRunning = false
    this.#attempt += 1
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const attempt = this.#attempt
    this.#isRunning = true
    // The stream was available a moment ago, and has no leader now.
    if (performance.now() - this.#recoveredAt < FIRST_WAIT_MS) await wait(FIRST_WAIT_MS)
    if (attempt !== this.#attempt) return
    let isThere = false
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LAST_WAIT_MS)) {
      isThere = await this.#isThere()
      if (attempt !== this.#attempt) return
      if (isThere || !this.#options.isNeeded()) break
      await wait(waitMs)
      if (attempt !== this.#attempt) return
    }
    this.#isRunning = false
    if (!isThere) return
    this.#recoveredAt = performance.now()
    this.reason = undefined
    this.#options.onRecovered()
  }

  async #isThere(): Promise<boolean> {
    try {
      await this.#stream.refresh()
      return true
    } catch (error) {
      this.reason = error
      if (isWithoutJetStream(error)) {
        const text = 'the broker has no JetStream for this account'
        this.#options.onRefused(new SseError('ERR_SSE_BACKPLANE', text, { cause: error }))
      }
      return false
    }
  }
}

/** Whether a server says so. If no server responds at all, one may still be starting. */
function isWithoutJetStream(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.JetStreamNotEnabledForAccount
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
