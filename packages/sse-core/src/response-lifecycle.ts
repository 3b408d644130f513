import { callListener } from './callbacks.js'
import type { CloseReason } from './close-reason.js'
import { unwatchClose, watchClose } from './close-watcher.js'
import { SseError } from './errors.js'
import { beginStream } from './head.js'
import type { SseRequest, SseResponse } from './http.js'
import type { ObservedPromise } from './observed.js'
import { lasts, type RespondOptions } from './options.js'
import { type Failure, failOutcome } from './outcome.js'
import { RareState } from './rare-state.js'
import type { Reading } from './reading.js'
import { destroyResponse, finishWithin, isGone } from './response-close.js'
import type { StreamConfig } from './stream-config.js'
import { Writer } from './writer.js'

/** What was sent over a connection. */
export interface ConnectionStats {
  /** Events written, heartbeats and checkpoints included. */
  readonly events: number
  /** Bytes written, without the response headers and what HTTP adds. */
  readonly bytes: number
  /** From the call of `respond()` to now, in ms; from when a pipelined response had its turn. */
  readonly durationMs: number
}

const NO_OPTIONS: RespondOptions = Object.freeze({})

/**
 * How the response of a connection begins, why it is over, and which callbacks are called.
 *
 * There may be tens of thousands of them, idle. So what most of them do not need is in `#rareState`, not in fields, and
 * what they have in common is in `config` (`npm run bench`: memory).
 */
export abstract class ResponseLifecycle {
  /** @internal */
  readonly config: StreamConfig
  /** @internal */
  readonly writer: Writer
  /** Reads channels for this connection. @internal */
  reading: Reading | undefined
  /** @internal */
  readonly res: SseResponse
  readonly #startedAt = performance.now()
  #options: RespondOptions
  #rareState: RareState | undefined
  #reason: CloseReason | undefined
  // The promise that `respond()` returned; undefined once it is settled.
  #outcome: ObservedPromise<CloseReason> | undefined

  /** @internal */
  constructor(res: SseResponse, options: RespondOptions, config: StreamConfig, outcome: ObservedPromise<CloseReason>) {
    this.config = config
    this.res = res
    // A copy: the `key` must be the same when the connection is counted out as when it was counted in.
    this.#options = { ...options }
    this.#outcome = outcome
    this.writer = new Writer(res, config, this)
  }

  get req(): SseRequest {
    return this.res.req
  }

  /** Aborts when the stream is over, for whatever reason: pass it to whatever the source waits for. */
  get signal(): AbortSignal {
    const { rareState } = this
    rareState.keepScope()
    const { signal } = rareState
    if (this.#reason !== undefined) rareState.abort()
    return signal
  }

  /** Why the stream is over; undefined while it is not. */
  get closeReason(): CloseReason | undefined {
    return this.#reason
  }

  /** What was sent over the connection so far. */
  get stats(): ConnectionStats {
    const { events, bytes } = this.writer
    return { events, bytes, durationMs: performance.now() - this.#startedAt }
  }

  /** Sends the response headers, unless they are sent. From then on, an error cannot become an error response. */
  open(): void {
    if (this.isOpen || this.#reason !== undefined) return
    if (this.#isTaken) {
      this.#failAsTaken()
      return
    }
    try {
      this.#sendHead()
    } catch (error) {
      this.fail(error)
      return
    }
    // Sending the headers may have shown that the client has disconnected.
    if (this.#reason === undefined) this.onOpened()
  }

  /** Ends the stream, after what has been sent. Idempotent: the first reason stands. */
  close(reason: CloseReason = 'end'): void {
    this.end(reason)
  }

  /** Ends the stream, with `farewell` as its last text. Returns whether the response is ours to finish. @internal */
  end(reason: CloseReason, farewell?: string): boolean {
    if (this.#reason !== undefined) return true
    // The response is already over, and so the given reason does not count.
    if (isGone(this.res)) this.onGone()
    // Readers still get what was broadcast in this tick, except those that are disconnected as slow or kicked.
    else if (reason !== 'slow' && reason !== 'kicked') this.reading?.pump()
    if (!this.#leave(reason)) return true
    if (reason === 'slow') {
      destroyResponse(this.res)
      this.#settle()
      return true
    }
    if (!this.#hasHead()) return false
    if (farewell !== undefined) this.writer.enqueue(this.config.encoder.packet(farewell, 1))
    this.writer.end()
    this.#finish()
    return true
  }

  /** Answers with a response that is not a stream. @internal */
  answer(reason: CloseReason, write: () => void): void {
    if (!this.#leave(reason)) return
    if (this.#isTaken) {
      this.#settle()
      return
    }
    try {
      this.#options.onHead?.()
      write()
    } catch (cause) {
      // Once the headers are sent, nobody else can answer.
      if (this.res.headersSent) destroyResponse(this.res)
      this.#settle({ cause })
      return
    }
    this.#finish()
  }

  /** Ends the stream because its source failed. Before the headers, the response is left to the framework. @internal */
  fail(cause: unknown): void {
    if (!this.#leave('error')) return
    if (!this.isOpen) {
      this.#settle({ cause })
      return
    }
    this.writer.end()
    this.#finish({ cause })
  }

  /** @internal */
  get rareState(): RareState {
    this.#rareState ??= new RareState()
    return this.#rareState
  }

  /** Runs a callback of the user in the async context of the request. @internal */
  run<T>(callback: () => T): T {
    return this.#rareState === undefined ? callback() : this.#rareState.run(callback)
  }

  /** Whether the response is over, even if no event has said so. @internal */
  get isGone(): boolean {
    return this.#reason !== undefined || isGone(this.res)
  }

  /** @internal */
  get isOpen(): boolean {
    return this.writer.isOpen
  }

  /** The options of the response; none after its headers are sent, unless one of them is needed later. @internal */
  get options(): RespondOptions {
    return this.#options
  }

  /** @internal */
  onEnding(): void {
    if (this.#isTaken) this.#failAsTaken()
    if (!this.#leave('end')) return
    this.writer.stop()
    this.#finish()
  }

  /** @internal */
  onGone(): void {
    // If somebody else has ended the response, the client did not disconnect. (`writableFinished` cannot tell: HTTP/2
    // sets it on every stream that is closed.)
    if (this.#isTaken) this.#failAsTaken()
    else if (this.#leave(this.res.writableEnded ? 'end' : 'client')) this.#settleUnanswered()
  }

  /** @internal */
  onWritable(): void {
    this.reading?.pump()
    // A reader that is older than the log may have room in its socket, and wait for a page.
    if (this.writer.isWritable && this.reading?.hasMore !== true) this.#rareState?.tellCaughtUp()
  }

  /** @internal */
  onSlow(): void {
    this.close('slow')
  }

  /** Starts to watch for the end; subclasses call it once they are ready for that. @internal */
  protected begin(): void {
    const { filter, heartbeat, onClose, signal } = this.#options
    if ((filter ?? heartbeat ?? onClose) !== undefined) this.rareState.keepScope()
    if (isGone(this.res)) this.onGone()
    else this.#bound(signal, this.config.settings.maxConnectionAgeMs)
    // Last, since nothing would remove the listeners if the code above throws.
    if (this.#reason === undefined) watchClose(this.res, this)
  }

  /** The response headers are sent. @internal */
  protected abstract onOpened(): void

  /** The stream is over, except for what is still to be written. @internal */
  protected abstract onOver(): void

  /** The response is over too. @internal */
  protected abstract onSettled(): void

  /** Whether somebody else has begun the response, and has to finish it. */
  get #isTaken(): boolean {
    return !this.isOpen && this.res.headersSent
  }

  /** Koa and Fastify answer by themselves when a handler returns without waiting for its stream. */
  #failAsTaken(): void {
    // It is our own answer, a refusal perhaps.
    if (this.#reason !== undefined) return
    const message = 'somebody else has begun the response: return or await the promise of the stream'
    this.fail(new SseError('ERR_SSE_HEADERS_SENT', message))
  }

  /** Ends the stream when the signal aborts or the maximum age is reached. */
  #bound(signal: AbortSignal | undefined, maxAgeMs: number): void {
    if (signal !== undefined) this.rareState.heed(signal, () => this.close('aborted'))
    if (maxAgeMs === 0 || maxAgeMs === Number.POSITIVE_INFINITY || this.#reason !== undefined) return
    this.rareState.growOld(maxAgeMs, () => this.close('age'))
  }

  #sendHead(): void {
    beginStream(this, this.#options)
    if (!lasts(this.#options)) this.#options = NO_OPTIONS
  }

  /** Sends the headers if necessary, so that the stream can be ended; if that fails, it is not ours to end. */
  #hasHead(): boolean {
    if (this.isOpen) return true
    let failure: Failure | undefined
    if (!this.#isTaken) {
      try {
        this.#sendHead()
        return true
      } catch (cause) {
        failure = { cause }
      }
    }
    this.#settle(failure)
    return false
  }

  /** Every way out begins here. Releases all but the response; returns false if there already was a reason. */
  #leave(reason: CloseReason): boolean {
    if (this.#reason !== undefined) return false
    this.#reason = reason
    this.#rareState?.giveUp()
    this.reading?.close()
    this.#rareState?.tellOver()
    this.onOver()
    return true
  }

  /** The client is gone: the framework has nobody to answer. */
  #settleUnanswered(): void {
    try {
      if (!this.res.headersSent) this.#options.onHead?.()
    } catch (error) {
      this.config.report(error)
    }
    this.#settle()
  }

  /** Settles once the response is over, which may take as long as a write may. */
  #finish(failure?: Failure): void {
    finishWithin(this.res, this.config.settings.writeTimeoutMs || Number.POSITIVE_INFINITY, () => this.#settle(failure))
  }

  /** Settles the promise: the response is over, or is not ours. */
  #settle(failure?: Failure): void {
    const outcome = this.#outcome
    if (outcome === undefined) return
    this.#outcome = undefined
    unwatchClose(this.res, this)
    this.writer.stop()
    this.onSettled()
    // A publisher may have called this, in an async context other than the request's.
    this.run(() => this.#tell(outcome, failure))
  }

  #tell(outcome: ObservedPromise<CloseReason>, failure: Failure | undefined): void {
    // After the headers, the error may reach no other handler.
    const onError = this.isOpen ? this.config.manager?.onError : undefined
    if (failure !== undefined) onError?.(failure.cause)
    const reason = this.#reason as CloseReason
    const { onClose } = this.#options
    if (onClose !== undefined) callListener(() => onClose(reason, this.stats), this.config.report)
    if (failure === undefined) outcome.fulfil(reason)
    else failOutcome(outcome, failure.cause, this.res, this.config, onError !== undefined)
  }
}
