import { cut, waits, whenOver } from './departure.js'
import type { SseResponse } from './exchange.js'

/**
 * Why a stream is over:
 *
 * - `'client'`: the client disconnected
 * - `'end'`: the source ended
 * - `'error'`: the source failed
 * - `'slow'`: the client did not read for `writeTimeoutMs`, or more than `maxBufferedBytes` waited for it
 * - `'limit'`: `maxConnections` or `maxConnectionsPerKey` was reached
 * - `'age'`: the connection reached `maxConnectionAgeMs`
 * - `'kicked'`: `manager.disconnect()`
 * - `'shutdown'`: the manager closed
 * - `'aborted'`: the `signal` option aborted
 */
export type CloseReason = 'client' | 'end' | 'error' | 'slow' | 'limit' | 'age' | 'kicked' | 'shutdown' | 'aborted'

/** What a stream ends with beside its reason: an error of its source. */
export interface Failure {
  readonly cause: unknown
}

/** Calls back once a response is finished or gone, and destroys it if that takes longer, in ms; `Infinity` is never. */
export function finishWithin(res: SseResponse, ms: number, callback: () => void): void {
  const timer = Number.isFinite(ms) ? setTimeout(cut, ms, res).unref() : undefined
  whenOver(res, () => {
    clearTimeout(timer)
    callback()
  })
}

/** The same, from when the response has its connection: one that waits behind another cannot finish before. */
export function finishInTurn(res: SseResponse, ms: number, callback: () => void): void {
  if (!waits(res)) {
    finishWithin(res, ms, callback)
    return
  }
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    if (Number.isFinite(ms)) timer = setTimeout(cut, ms, res).unref()
  }
  res.once('socket', start)
  whenOver(res, () => {
    res.off('socket', start)
    clearTimeout(timer)
    callback()
  })
}
