import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SseConnection } from './connection.js'
import { formatEvent, type SseEvent } from './event.js'
import type { SseResponse } from './http.js'
import { requireDuration } from './limits.js'
import { destroyResponse, finishWithin } from './response-close.js'
import type { ResponseLifecycle } from './response-lifecycle.js'
import { requireRetryMs } from './settings.js'

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
export class GracefulShutdown {
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
  async run(connections: readonly SseConnection[], finishing: readonly SseConnection[]): Promise<void> {
    const over = [
      ...finishing.map(({ res }) => new Promise<void>((resolve) => closeAfterwards(res, this.#graceMs, resolve))),
      ...connections.map((connection) => new Promise<void>((resolve) => this.#shutDown(connection, resolve))),
    ]
    await Promise.all(over)
  }

  #shutDown(connection: SseConnection, onOver: () => void): void {
    endStream(connection, `${this.#text}retry: ${this.#retryMs()}\n\n`, this.#graceMs, onOver)
  }

  /** Each its own time, so that they do not all come back at once. */
  #retryMs(): number {
    return Math.round(this.#minRetryMs + (this.#maxRetryMs - this.#minRetryMs) * Math.random())
  }
}

/** Ends a stream with a last text, behind what is left in the logs, and then its socket too; calls back when it has. */
function endStream(stream: ResponseLifecycle, farewell: string, graceMs: number, onOver: () => void): void {
  if (stream.reading?.isPumping) {
    // One of its filters has asked for it: what is left comes first.
    queueMicrotask(() => endStream(stream, farewell, graceMs, onOver))
    return
  }
  // What was broadcast in this tick is still for its reader.
  if (stream.closeReason === undefined) stream.reading?.pump()
  const isBehind = stream.isOpen && !stream.writer.isWritable && stream.reading?.hasMore
  if (stream.closeReason === undefined && isBehind) {
    afterCatchingUp(stream, graceMs, (leftMs) => endWith(stream, farewell, leftMs, onOver))
  } else endWith(stream, farewell, graceMs, onOver)
}

/** Calls back when the reader has everything, or has gone, or the time is over; with the time that is left. */
function afterCatchingUp(stream: ResponseLifecycle, ms: number, callback: (leftMs: number) => void): void {
  const deadline = performance.now() + ms
  const done = (): void => {
    clearTimeout(timer)
    forget()
    callback(Math.max(0, deadline - performance.now()))
  }
  const timer = setTimeout(() => {
    done()
    destroyResponse(stream.res)
  }, ms).unref()
  const forget = stream.rareState.onCaughtUp(done)
}

function endWith(stream: ResponseLifecycle, farewell: string, graceMs: number, onOver: () => void): void {
  const close = closer(stream.res)
  if (stream.end('shutdown', farewell)) closeWithin(stream.res, graceMs, close, onOver)
  else onOver()
}

/** Closes the socket of a stream that has ended, once its client has taken the rest or the time is over; then calls back. */
function closeAfterwards(res: SseResponse, graceMs: number, onOver: () => void): void {
  closeWithin(res, graceMs, closer(res), onOver)
}

function closeWithin(res: SseResponse, graceMs: number, close: () => void, onOver: () => void): void {
  finishWithin(res, graceMs, () => {
    close()
    onOver()
  })
}

/** What closes the connection of a response, which does not know it any more once it is over. */
function closer(res: SseResponse): () => void {
  const socket: Socket | Duplex | null = res instanceof ServerResponse ? res.socket : null
  const session = res instanceof ServerResponse ? undefined : res.stream?.session
  return () => {
    // An idle kept-alive connection would hold up `server.close()`.
    if (socket instanceof Socket) socket.destroySoon()
    // Any other stream may be given to a server as a connection.
    else socket?.end()
    session?.close()
  }
}
