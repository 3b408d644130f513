import { ServerResponse } from 'node:http'
import { constants, type Http2Session, type Http2Stream } from 'node:http2'
import { FetchResponse } from './fetch-exchange.js'
import type { SseResponse } from './http.js'

/** Whether nothing can reach the client any more. */
export function isGone(res: SseResponse): boolean {
  if (res instanceof ServerResponse) return res.destroyed || res.req.socket?.destroyed === true
  if (res instanceof FetchResponse) return res.destroyed
  // HTTP/2 removes the stream from its response once it is closed.
  return res.stream === undefined || res.stream.destroyed
}

/** How long a cancelled HTTP/2 stream may take to close before its connection is destroyed, in ms. */
const MAX_CANCEL_MS = 250

/** Breaks a response off, so that the client sees that it is not complete. */
export function destroyResponse(res: SseResponse): void {
  if (res instanceof ServerResponse || res instanceof FetchResponse) {
    res.destroy()
    return
  }
  const { stream } = res
  if (stream === undefined || stream.destroyed) return
  // A stream that is closed loses its session.
  const { session } = stream
  // `res.destroy()` would look like a normal end to the client.
  stream.close(constants.NGHTTP2_CANCEL)
  if (session !== undefined) setTimeout(breakConnection, MAX_CANCEL_MS, stream, session).unref()
}

/** If TCP is stalled, not even the cancellation gets through, and what the stream holds would stay in memory. */
function breakConnection(stream: Http2Stream, session: Http2Session): void {
  if (stream.destroyed || session.destroyed) return
  // A session forbids `socket.destroy()`, and its own `destroy()` waits for what is being written.
  session.socket[Symbol.asyncDispose]().catch(() => {})
}

/** Calls back once a response is finished or gone, whichever is first. */
function whenOver(res: SseResponse, callback: () => void): void {
  if (res.writableFinished || isGone(res)) {
    queueMicrotask(callback)
    return
  }
  const done = (): void => {
    for (const event of OVER_EVENTS) res.off(event, done)
    callback()
  }
  for (const event of OVER_EVENTS) res.on(event, done)
}

const OVER_EVENTS = ['finish', 'close', 'error']

/** Calls back once a response is finished or gone; destroys it if that takes longer than `ms`. `Infinity` is never. */
export function finishWithin(res: SseResponse, ms: number, callback: () => void): void {
  const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res).unref() : undefined
  whenOver(res, () => {
    clearTimeout(timer)
    callback()
  })
}
