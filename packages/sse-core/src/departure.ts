import { ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { SseResponse } from './exchange.js'

/** Whether nothing can reach the client any more. */
export function isGone(res: SseResponse): boolean {
  if (res instanceof ServerResponse) return res.destroyed || res.req.socket?.destroyed === true
  // HTTP/2 takes the stream away once it is closed.
  return res.stream === undefined || res.stream.destroyed
}

/**
 * Calls back when a response is gone, whether it was finished or the client left, until `unwatch` with the same callback.
 *
 * `close` on the request only means that its body was read.
 */
export function watch(res: SseResponse, callback: () => void): void {
  res.on('close', callback)
  res.on('error', callback)
  waitingSocketOf(res)?.on('close', callback)
}

export function unwatch(res: SseResponse, callback: () => void): void {
  res.off('close', callback)
  res.off('error', callback)
  if (res instanceof ServerResponse) res.req.socket?.off('close', callback)
}

/** Breaks a response off, so that the client sees that it is not complete. */
export function cut(res: SseResponse): void {
  // HTTP/2's `res.destroy()` looks like an end to the client.
  if (res instanceof ServerResponse) res.destroy()
  else res.stream?.close(constants.NGHTTP2_CANCEL)
}

/** Calls back once a response is finished or gone, whichever is first. */
export function whenOver(res: SseResponse, callback: () => void): void {
  if (res.writableFinished || isGone(res)) {
    queueMicrotask(callback)
    return
  }
  const done = (): void => {
    res.off('finish', done)
    unwatch(res, done)
    callback()
  }
  res.on('finish', done)
  watch(res, done)
}

/** The socket of a response that waits behind another one on its connection: it then never emits `close` itself. */
function waitingSocketOf(res: SseResponse): Socket | undefined {
  return res instanceof ServerResponse && res.socket === null ? res.req.socket : undefined
}
