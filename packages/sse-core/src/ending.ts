import { ServerResponse } from 'node:http'
import { cut, onGone, whenOver } from './departure.js'
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

export interface EndingOptions {
  /** The client is gone, or somebody else has ended the response. */
  readonly onGone: (reason: CloseReason) => void
  /** The response is over; called once. */
  readonly onOver: (failure: Failure | undefined) => void
}

/** How a stream ends: once, for one reason, and not before its response is finished or gone. */
export class Ending {
  /** Settles when the response is over: with the reason, or with the error of the source. */
  readonly over: Promise<CloseReason>
  /** The first reason, which stands. */
  reason: CloseReason | undefined
  readonly #res: SseResponse
  readonly #unwatch: () => void
  #settle: ((failure: Failure | undefined) => void) | undefined

  constructor(res: SseResponse, options: EndingOptions) {
    this.#res = res
    // If somebody else has ended the response, then that is what it is, not a client that left. (`writableFinished` does not
    // tell: HTTP/2 says it of every stream that is closed.)
    this.#unwatch = onGone(res, () => options.onGone(res.writableEnded ? 'end' : 'client'))
    this.over = new Promise((resolve, reject) => {
      this.#settle = (failure) => {
        options.onOver(failure)
        if (failure === undefined) resolve(this.reason as CloseReason)
        else reject(failure.cause)
      }
    })
  }

  /** Waits for the response to finish, and destroys it after a while, in ms; `Infinity` is never. */
  async within(ms: number, failure?: Failure): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const start = (): void => {
      timer = setTimeout(() => cut(this.#res), ms).unref()
    }
    const res = this.#res
    if (Number.isFinite(ms)) {
      // One that waits behind another on its connection cannot finish before it has the socket.
      if (res instanceof ServerResponse && res.socket === null) res.once('socket', start)
      else start()
    }
    await whenOver(res)
    res.off('socket', start)
    clearTimeout(timer)
    this.now(failure)
  }

  /** The response is over, or is none of ours. */
  now(failure?: Failure): void {
    const settle = this.#settle
    this.#settle = undefined
    this.#unwatch()
    settle?.(failure)
  }
}
