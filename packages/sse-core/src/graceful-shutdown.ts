import { ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
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
  /** The last event of every stream. Give it no `id`: clients would reconnect with an id that no log knows. */
  readonly event?: SseEvent | string | undefined
  /**
   * When clients should reconnect, in ms: a number, or a range from which each client gets a random time.
   * @defaultValue from one to four times `retryMs`
   */
  readonly retryMs?: number | readonly [min: number, max: number] | undefined
}

/** Ends streams with a last event and a `retry:`, within a grace period. */
export class GracefulShutdown {
  readonly #graceMs: number
  readonly #text: string
  readonly #minRetryMs: number
  readonly #maxRetryMs: number

  /**
   * @param usualRetryMs the usual `retryMs` of these streams, from which the default range is made
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
   * Ends streams. Resolves when each response is finished or destroyed, and its socket is closed.
   *
   * @param finishing streams that have ended already, but whose clients have not read everything yet
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

  /** A random time for each client, so that they do not all reconnect at once. */
  #retryMs(): number {
    return Math.round(this.#minRetryMs + (this.#maxRetryMs - this.#minRetryMs) * Math.random())
  }
}

/** Ends a stream with a last text, after what is left in the logs, and then closes its socket. Calls back when done. */
function endStream(stream: ResponseLifecycle, farewell: string, graceMs: number, onOver: () => void): void {
  if (stream.reading?.isPumping) {
    // One of its filters has called this: the pump that is under way comes first.
    queueMicrotask(() => endStream(stream, farewell, graceMs, onOver))
    return
  }
  // The reader still gets what was broadcast in this tick.
  if (stream.closeReason === undefined) stream.reading?.pump()
  const isBehind = stream.isOpen && stream.reading?.hasMore
  if (stream.closeReason === undefined && isBehind) {
    afterCatchingUp(stream, graceMs, (leftMs) => endWith(stream, farewell, leftMs, onOver))
  } else endWith(stream, farewell, graceMs, onOver)
}

/** Calls back with the time left, in ms, once the reader has everything, has disconnected, or the time is over. */
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
  const close = closer(stream.res, graceMs)
  if (stream.end('shutdown', farewell)) closeWithin(stream.res, graceMs, close, onOver)
  else onOver()
}

/** Closes the socket of an ended stream once its client has read the rest or the time is over; then calls back. */
function closeAfterwards(res: SseResponse, graceMs: number, onOver: () => void): void {
  closeWithin(res, graceMs, closer(res, graceMs), onOver)
}

function closeWithin(res: SseResponse, graceMs: number, close: () => void, onOver: () => void): void {
  finishWithin(res, graceMs, () => {
    close()
    onOver()
  })
}

/** Returns what closes a response's connection. Called while the response still knows its socket: later it does not. */
function closer(res: SseResponse, graceMs: number): () => void {
  const socket: Socket | Duplex | null = res instanceof ServerResponse ? res.socket : null
  const session = res instanceof ServerResponse ? undefined : res.stream?.session
  return () => {
    // An idle kept-alive connection would hold up `server.close()`.
    if (socket instanceof Socket) socket.destroySoon()
    // A server may also be given any other Duplex as a connection.
    else socket?.end()
    if (session !== undefined) closeSession(session, graceMs)
  }
}

/** The shortest time, in ms, that a client gets to close an HTTP/2 connection whose streams have ended. */
const MIN_LINGER_MS = 250
/** Sessions that are being closed: each may have many streams. */
const closing = new WeakSet<Http2Session>()

/** Closes the connection of HTTP/2 streams once the client closes it too, or has not done so in time. */
function closeSession(session: Http2Session, graceMs: number): void {
  if (session.destroyed || closing.has(session)) return
  closing.add(session)
  // A session that is destroyed no longer knows its socket, and forbids `socket.destroy()` before that.
  const destroySocket = session.socket[Symbol.asyncDispose]
  session.close()
  // A session without streams is destroyed. It then waits for its client to close the connection, and would hold up `server.close()`
  // for as long as TCP does not notice that the client is gone.
  const timer = setInterval(
    () => {
      if (session.destroyed) destroySocket().catch(() => {})
    },
    Math.max(MIN_LINGER_MS, graceMs),
  ).unref()
  session.once('close', () => clearInterval(timer))
}
