import { ServerResponse } from 'node:http'
import { cut, whenOver } from './departure.js'
import type { SseResponse } from './exchange.js'

/**
 * Why a stream is over: the client left; the source ended; the source failed; the client did not read; a limit was reached;
 * the connection was old enough; `disconnect()`; the manager closed; the `signal` option aborted.
 */
export type CloseReason = 'client' | 'end' | 'error' | 'slow' | 'limit' | 'age' | 'kicked' | 'shutdown' | 'aborted'

/** What a stream ends with beside its reason: an error of its source. */
export interface Failure {
  readonly cause: unknown
}

/** Calls back once a response is finished or gone, and destroys it if that takes longer, in ms; `Infinity` is never. */
export function finishWithin(res: SseResponse, ms: number, callback: () => void): void {
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    timer = setTimeout(cut, ms, res).unref()
  }
  if (Number.isFinite(ms)) {
    // One that waits behind another on its connection cannot finish before it has the socket.
    if (res instanceof ServerResponse && res.socket === null) res.once('socket', start)
    else start()
  }
  whenOver(res, () => {
    res.off('socket', start)
    clearTimeout(timer)
    callback()
  })
}
