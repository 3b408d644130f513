import { AsyncResource } from 'node:async_hooks'
import { ServerResponse } from 'node:http'
import { onAbort } from './abort.js'
import type { Belongings } from './belongings.js'
import type { SseChannel } from './channel.js'
import type { StartOptions } from './cursor.js'
import { cut, isGone, unwatch, watch } from './departure.js'
import { type CloseReason, type Failure, finishWithin } from './ending.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import type { SseRequest, SseResponse } from './exchange.js'
import { setStreamHead } from './head.js'
import { MAX_TIMER_MS } from './limits.js'
import type { EventFilter } from './listener.js'
import { ObservedPromise, observed } from './observed.js'
import { lasts, type RespondOptions } from './options.js'
import { failOutcome } from './outcome.js'
import { Packet } from './packet.js'
import type { Reading } from './reading.js'
import { drainBody } from './request-headers.js'
import { Subscriptions } from './subscriptions.js'
import type { Terms } from './terms.js'
import { Writer } from './writer.js'

/** What went over a connection. */
export interface ConnectionStats {
  /** Events written, heartbeats and checkpoints among them. */
  readonly events: number
  /** Bytes written, without the head and what HTTP puts around them. */
  readonly bytes: number
  /** From the call of `respond()` to now, in ms. */
  readonly durationMs: number
}

export interface SubscribeOptions extends StartOptions {
  /** Only the events for which this is true; also asked of what is replayed. */
  readonly filter?: EventFilter | undefined
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined
}

const NO_OPTIONS: RespondOptions = Object.freeze({})
const WRITTEN = Promise.resolve(true)
const OVER = Promise.resolve(false)

/**
 * One response that streams events, from before its head to its end. Functions given to `res.sse()` get it.
 *
 * There may be tens of thousands of them, idle: what most do not need is not a field of theirs but in `#belongings`, and
 * what they have in common is in `terms` (`npm run bench`: memory).
 */
export class SseConnection<Context = unknown> {
  /** The id of the last event that the client has, as it says; any text, `''` for none. Never to be trusted. */
  readonly lastEventId: string
  /** @internal */
  readonly terms: Terms
  /** @internal */
  readonly writer: Writer
  /** What reads channels for it. @internal */
  reading: Reading | undefined
  /** The heartbeat wheel's tick at which a beat is due. @internal */
  dueTick: number | undefined
  /** @internal */
  readonly res: SseResponse
  readonly #startedAt = performance.now()
  #options: RespondOptions
  #belongings: Belongings | undefined
  #reason: CloseReason | undefined
  #isOpen = false
  // What `respond()` returned; undefined once it is settled.
  #outcome: ObservedPromise<CloseReason> | undefined

  /** @internal */
  constructor(
    res: SseResponse,
    lastEventId: string,
    options: RespondOptions,
    terms: Terms,
    outcome: ObservedPromise<CloseReason>,
  ) {
    this.lastEventId = lastEventId
    this.terms = terms
    this.res = res
    // A copy: whose connection it is must be the same when it is counted out as when it was counted in.
    this.#options = { ...options }
    this.#outcome = outcome
    this.writer = new Writer(this)
    if (options.filter ?? options.heartbeat ?? options.onClose) this.keepScope()
    if (isGone(res)) this.#leave('client')
    else this.#bound(options.signal, terms.settings.maxConnectionAgeMs)
    // Last, since nobody would stop it if what comes before throws.
    if (this.#reason === undefined) watch(res, this)
  }

  get req(): SseRequest {
    return this.res.req
  }

  /** What the `key` option said: whose connection it is. */
  get key(): string | undefined {
    return this.#options.key
  }

  /** What the `context` option said; `manager.disconnect()` finds connections by it. */
  get context(): Context {
    return this.#options.context as Context
  }

  /** Aborts when the stream is over, for whatever reason: pass it to what the source waits for. */
  get signal(): AbortSignal {
    const belongings = this.#own()
    belongings.controller ??= new AbortController()
    if (this.#reason !== undefined && !belongings.controller.signal.aborted) belongings.controller.abort()
    return belongings.controller.signal
  }

  /** Why the stream is over; undefined while it is not. */
  get closeReason(): CloseReason | undefined {
    return this.#reason
  }

  /** What went over the connection so far. */
  get stats(): ConnectionStats {
    const { events, bytes } = this.writer
    return { events, bytes, durationMs: performance.now() - this.#startedAt }
  }

  /** Sends the head, if it is not sent yet: from then on an error can no longer become an error response. */
  open(): void {
    if (this.#isOpen || this.#reason !== undefined) return
    if (this.#isTaken) {
      this.fail(new SseError('ERR_SSE_HEADERS_SENT', 'somebody else has begun the response'))
      return
    }
    try {
      this.#sendHead()
    } catch (error) {
      this.fail(error)
      return
    }
    // The head may have found that nobody is there any more.
    if (this.#reason === undefined) this.terms.wheel?.add(this as SseConnection)
  }

  /**
   * Sends an event to this client alone. Resolves once more may be sent: true, or false if the stream is over. Await it to
   * go no faster than the client reads; if nobody does, `maxBufferedBytes` is where the client is cut as `'slow'`.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than `maxEventBytes`
   */
  send(event: SseEvent | string): Promise<boolean> {
    if (this.#reason !== undefined) return OVER
    let packet: Packet
    try {
      packet = this.terms.encoder.event(event)
    } catch (error) {
      const failed = new ObservedPromise<boolean>()
      failed.fail(error, this.terms.report)
      return failed
    }
    this.open()
    if (this.#reason !== undefined) return OVER
    this.writer.enqueue(packet)
    return this.writer.isWritable && !this.writer.isOverfull ? WRITTEN : this.writer.writable()
  }

  /**
   * Streams a channel on this connection too. Resolves when the channel has ended or the stream is over. With more than
   * one, the client's `Last-Event-ID` resumes all of them, if they are subscribed to in the same order.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`, `ERR_SSE_BACKPLANE`: the channel cannot be read
   */
  subscribe(channel: SseChannel, options: SubscribeOptions = {}): Promise<void> {
    const { subscriptions } = this
    const over = subscriptions.subscribe(channel, options)
    const result = observed(over, this.terms.report)
    subscriptions.track(over, result)
    return result
  }

  /** Ends the stream, after what has been sent. Idempotent: the first reason stands. */
  close(reason: CloseReason = 'end'): void {
    if (this.#reason !== undefined) return
    if (isGone(this.res)) {
      this.#leave(reason)
      return
    }
    // What was broadcast in this tick still belongs to whoever has not been thrown out.
    if (reason !== 'slow' && reason !== 'kicked') this.reading?.pump()
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#letGo()
    if (reason === 'slow') {
      this.writer.stop()
      cut(this.res)
      this.#settle()
      return
    }
    if (!this.#hasHead()) return
    this.writer.end()
    this.#finish()
  }

  /** Answers with something that is no stream. @internal */
  answer(reason: CloseReason, write: () => void): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#letGo()
    if (this.#isTaken) {
      this.#settle()
      return
    }
    try {
      this.#options.onHead?.()
      write()
    } catch (cause) {
      this.#settle({ cause })
      return
    }
    this.#finish()
  }

  /** Ends the stream for an error of its source. Before the head the response is left to the framework. @internal */
  fail(error: unknown): void {
    if (this.#reason !== undefined) return
    this.#reason = 'error'
    this.#letGo()
    if (!this.#isOpen) {
      this.#settle({ cause: error })
      return
    }
    this.writer.end()
    this.#finish({ cause: error })
  }

  /**
   * Ends the stream with a last text, behind what is left in the logs, and then the socket too; calls back when it has.
   * @internal
   */
  shutDown(farewell: string, graceMs: number, onOver: () => void): void {
    if (this.reading?.isPumping) {
      // One of its filters has asked for it: what is left comes first.
      queueMicrotask(() => this.shutDown(farewell, graceMs, onOver))
      return
    }
    if (this.#reason === undefined) this.reading?.pump()
    if (this.#reason === undefined && isGone(this.res)) this.#leave('client')
    if (this.#reason === undefined && this.#isOpen && !this.writer.isWritable && this.reading?.hasMore) {
      this.#afterCatchingUp(graceMs, (leftMs) => this.#shutDownNow(farewell, leftMs, onOver))
    } else this.#shutDownNow(farewell, graceMs, onOver)
  }

  /** Calls back when the stream is over, until the returned function is called. @internal */
  onCancel(cancel: () => void): () => void {
    const { cancels } = this.#own()
    cancels.add(cancel)
    return () => {
      cancels.delete(cancel)
    }
  }

  /**
   * Makes callbacks see the async context of now, which is the request's (its user, its trace), not that of whoever
   * broadcasts. @internal
   */
  keepScope(): void {
    const belongings = this.#own()
    belongings.scope ??= new AsyncResource('SseConnection')
  }

  /** Runs a callback of the user in the async context of the request. @internal */
  run<T>(callback: () => T): T {
    const scope = this.#belongings?.scope
    return scope === undefined ? callback() : scope.runInAsyncScope(callback)
  }

  /** Whether the response is over without having said so. @internal */
  get isGone(): boolean {
    return this.#reason !== undefined || isGone(this.res)
  }

  /** @internal */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** What the response asked for when it began. @internal */
  get options(): RespondOptions {
    return this.#options
  }

  /** The channels on it, where there may be several. @internal */
  get subscriptions(): Subscriptions {
    if (this.reading instanceof Subscriptions) return this.reading
    const subscriptions = new Subscriptions(this as SseConnection, this.reading)
    this.reading = subscriptions
    return subscriptions
  }

  /** @internal */
  onGone(): void {
    // If somebody else has ended the response, then that is what it is, not a client that left. (`writableFinished` does not
    // tell: HTTP/2 says it of every stream that is closed.)
    this.#leave(this.res.writableEnded ? 'end' : 'client')
  }

  /** @internal */
  onWritable(): void {
    this.reading?.pump()
    const onCaughtUp = this.#belongings?.onCaughtUp
    if (onCaughtUp !== undefined && this.writer.isWritable) onCaughtUp()
  }

  /** @internal */
  onSlow(): void {
    this.close('slow')
  }

  /** @internal */
  get activeTick(): number {
    return this.writer.activeTick
  }

  /** @internal */
  beat(): void {
    // A full socket has no need of it, and must not get more.
    if (!this.writer.isWritable) return
    const heartbeat = this.#heartbeat()
    const checkpoint = this.reading?.hasUnsent ? this.reading.checkpoint() : undefined
    this.writer.write(checkpoint === undefined ? heartbeat : Packet.join([checkpoint, heartbeat]))
  }

  /** Whether an event of a source that is no channel passes the response's filter. @internal */
  accepts(event: SseEvent): boolean {
    const { filter } = this.#options
    return filter === undefined || this.run(() => filter(event))
  }

  /** Whether somebody else has begun the response, and is to finish it. */
  get #isTaken(): boolean {
    return !this.#isOpen && this.res.headersSent
  }

  #own(): Belongings {
    this.#belongings ??= { cancels: new Set() }
    return this.#belongings
  }

  /** Sees to it that the stream ends in time. */
  #bound(signal: AbortSignal | undefined, maxAgeMs: number): void {
    if (signal !== undefined) {
      this.#own().forgetSignal = onAbort(signal, () => this.close('aborted'))
      if (signal.aborted) this.close('aborted')
    }
    if (maxAgeMs === 0 || maxAgeMs === Number.POSITIVE_INFINITY || this.#reason !== undefined) return
    const ageMs = Math.min(MAX_TIMER_MS, maxAgeMs * (0.8 + 0.2 * Math.random()))
    this.#own().ageTimer = setTimeout(() => this.close('age'), ageMs).unref()
  }

  /** Calls back when the reader has everything, or has gone, or the time is over; with the time that is left. */
  #afterCatchingUp(ms: number, callback: (leftMs: number) => void): void {
    const belongings = this.#own()
    const deadline = performance.now() + ms
    const done = (): void => {
      clearTimeout(timer)
      forget()
      belongings.onCaughtUp = undefined
      callback(Math.max(0, deadline - performance.now()))
    }
    const timer = setTimeout(() => {
      done()
      cut(this.res)
    }, ms).unref()
    const forget = this.onCancel(done)
    belongings.onCaughtUp = done
  }

  #shutDownNow(farewell: string, graceMs: number, onOver: () => void): void {
    if (this.#reason === undefined) {
      this.#reason = 'shutdown'
      const hasHead = this.#hasHead()
      if (hasHead) this.writer.enqueue(this.terms.encoder.packet(farewell, 1))
      this.#letGo()
      if (!hasHead) {
        onOver()
        return
      }
      this.writer.end()
    }
    // Both are gone from the response once it is over.
    const socket = this.res instanceof ServerResponse ? this.res.socket : undefined
    const session = this.res instanceof ServerResponse ? undefined : this.res.stream?.session
    finishWithin(this.res, graceMs, () => {
      this.#settle()
      // An idle kept-alive connection would hold up `server.close()`.
      socket?.destroySoon()
      session?.close()
      onOver()
    })
  }

  #heartbeat(): Packet {
    const { heartbeat } = this.#options
    const { encoder, report } = this.terms
    if (heartbeat === undefined) return encoder.heartbeat
    try {
      return encoder.event(this.run(heartbeat))
    } catch (error) {
      // A stream is worth more than what keeps it alive.
      report(error)
      return encoder.heartbeat
    }
  }

  #sendHead(): void {
    const options = this.#options
    options.onHead?.()
    setStreamHead(this.res, options)
    this.#isOpen = true
    this.writer.open()
    this.writer.write(this.terms.preamble)
    drainBody(this.req)
    if (!lasts(options)) this.#options = NO_OPTIONS
  }

  /** Has the head sent, to end what it begins. If that cannot be, the response is somebody else's to end. */
  #hasHead(): boolean {
    if (this.#isOpen) return true
    try {
      if (!this.#isTaken) this.#sendHead()
      if (!this.#isOpen) this.#settle()
    } catch (cause) {
      this.#settle({ cause })
    }
    return this.#isOpen
  }

  /** Nobody is there any more. */
  #leave(reason: CloseReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#letGo()
    try {
      // There is nobody left to whom the framework could answer.
      if (!this.res.headersSent) this.#options.onHead?.()
    } catch (error) {
      this.terms.report(error)
    }
    this.#settle()
  }

  /** Gives up everything but the response itself. */
  #letGo(): void {
    const { wheel, manager } = this.terms
    const belongings = this.#belongings
    wheel?.delete(this as SseConnection)
    clearTimeout(belongings?.ageTimer)
    belongings?.forgetSignal?.()
    this.reading?.close()
    if (belongings !== undefined) {
      this.run(() => belongings.controller?.abort())
      for (const cancel of belongings.cancels) cancel()
      belongings.cancels.clear()
    }
    manager?.remove(this as SseConnection)
  }

  /** Settles once the response is over, which may take as long as a write may. */
  #finish(failure?: Failure): void {
    finishWithin(this.res, this.terms.settings.writeTimeoutMs || Number.POSITIVE_INFINITY, () => this.#settle(failure))
  }

  /** The response is over, or is none of ours. */
  #settle(failure?: Failure): void {
    const outcome = this.#outcome
    if (outcome === undefined) return
    this.#outcome = undefined
    unwatch(this.res, this)
    this.writer.stop()
    if (failure !== undefined && this.#isOpen) this.terms.manager?.onError?.(failure.cause)
    const { onClose } = this.#options
    try {
      if (onClose !== undefined) this.run(() => onClose(this.#reason as CloseReason, this.stats))
    } catch (error) {
      this.terms.report(error)
    }
    if (failure === undefined) outcome.fulfil(this.#reason as CloseReason)
    else failOutcome(outcome, failure.cause, this.res, this.terms)
  }
}
