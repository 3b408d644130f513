import { AsyncResource } from 'node:async_hooks'
import { ServerResponse } from 'node:http'
import { onAbort } from './abort.js'
import type { SseChannel } from './channel.js'
import type { StartOptions } from './cursor.js'
import { cut, isGone } from './departure.js'
import { Encoder } from './encoder.js'
import { type CloseReason, Ending, type Failure } from './ending.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import type { SseRequest, SseResponse } from './exchange.js'
import { setStreamHead } from './head.js'
import type { HeartbeatWheel } from './heartbeat.js'
import { type EventFilter, requireRewind } from './listener.js'
import { observed } from './observed.js'
import { Packet } from './packet.js'
import type { RespondOptions } from './respond.js'
import type { ResolvedSettings } from './settings.js'
import { Subscriptions } from './subscriptions.js'
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

/** What a connection needs to know of the world around it. */
export interface ConnectionHost {
  readonly settings: ResolvedSettings
  readonly wheel: HeartbeatWheel | undefined
  /** Hears of what reaches nobody else. */
  readonly report: (error: unknown) => void
  /** Hears of errors of the source after the head, which the framework hears of too. */
  readonly onSourceError: ((error: unknown) => void) | undefined
  readonly onOver: (connection: SseConnection) => void
}

const MAX_TIMER_MS = 2 ** 31 - 1
const WRITTEN = Promise.resolve(true)
const OVER = Promise.resolve(false)

/** One response that streams events, from before its head to its end. Functions given to `res.sse()` get it. */
export class SseConnection<Context = unknown> {
  readonly req: SseRequest
  /** What the `key` option said: whose connection it is. */
  readonly key: string | undefined
  /** What the `context` option said; `manager.disconnect()` finds connections by it. */
  readonly context: Context
  /** The id of the last event that the client has, as it says; any text, `''` for none. Never to be trusted. */
  readonly lastEventId: string
  /** @internal */
  readonly encoder: Encoder
  /** @internal */
  readonly subscriptions: Subscriptions
  /** @internal */
  activeTick = 0
  /** @internal */
  readonly ending: Ending
  readonly #res: SseResponse
  readonly #host: ConnectionHost
  readonly #options: RespondOptions
  readonly #writer: Writer
  readonly #startedAt = performance.now()
  readonly #cancels = new Set<() => void>()
  readonly #forgetSignal: () => void
  #scope: AsyncResource | undefined
  #controller: AbortController | undefined
  #isOpen = false
  #ageTimer: NodeJS.Timeout | undefined

  /** @internal */
  constructor(req: SseRequest, res: SseResponse, lastEventId: string, options: RespondOptions, host: ConnectionHost) {
    this.req = req
    this.key = options.key
    this.context = options.context as Context
    this.lastEventId = lastEventId
    this.encoder = new Encoder(options.eol ?? '\n', host.settings.maxEventBytes)
    this.subscriptions = new Subscriptions(this as SseConnection, options.filter, options.checkpoints !== false)
    this.#res = res
    this.#host = host
    this.#options = options
    const { writeTimeoutMs, maxBufferedBytes, maxConnectionAgeMs } = host.settings
    this.#writer = new Writer(req, res, {
      writeTimeoutMs,
      maxBufferedBytes,
      onWritable: () => this.subscriptions.pump(),
      onSlow: () => this.close('slow'),
    })
    if (options.filter ?? options.heartbeat ?? options.onClose) this.keepScope()
    this.ending = new Ending(res, {
      onGone: (reason) => this.#leave(reason),
      onOver: (failure) => this.#finish(failure),
    })
    this.#forgetSignal = onAbort(options.signal, () => this.close('aborted'))
    if (maxConnectionAgeMs > 0 && maxConnectionAgeMs < Number.POSITIVE_INFINITY) {
      const age = Math.min(MAX_TIMER_MS, maxConnectionAgeMs * (0.8 + 0.2 * Math.random()))
      this.#ageTimer = setTimeout(() => this.close('age'), age).unref()
    }
    if (isGone(res)) this.#leave('client')
    else if (options.signal?.aborted) this.close('aborted')
  }

  /** Aborts when the stream is over, for whatever reason: pass it to what the source waits for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.ending.reason !== undefined && !this.#controller.signal.aborted) this.#controller.abort()
    return this.#controller.signal
  }

  /** Why the stream is over; undefined while it is not. */
  get closeReason(): CloseReason | undefined {
    return this.ending.reason
  }

  /** What went over the connection so far. */
  get stats(): ConnectionStats {
    const { events, bytes } = this.#writer
    return { events, bytes, durationMs: performance.now() - this.#startedAt }
  }

  /** Sends the head, if it is not sent yet: from then on an error can no longer become an error response. */
  open(): void {
    if (this.#isOpen || this.ending.reason !== undefined) return
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
    this.#host.wheel?.add(this)
  }

  /**
   * Sends an event to this client alone. Resolves once more may be sent: true, or false if the stream is over. Await it to
   * go no faster than the client reads; if nobody does, `maxBufferedBytes` is where the client is cut as `'slow'`.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than `maxEventBytes`
   */
  send(event: SseEvent | string): Promise<boolean> {
    if (this.ending.reason !== undefined) return OVER
    let packet: Packet
    try {
      packet = this.encoder.event(event)
    } catch (error) {
      return observed(Promise.reject(error), this.#host.report)
    }
    this.open()
    if (this.ending.reason !== undefined) return OVER
    this.enqueue(packet)
    return this.#writer.isWritable ? WRITTEN : this.#writer.writable()
  }

  /**
   * Streams a channel on this connection too. Resolves when the channel has ended or the stream is over. With more than
   * one, the client's `Last-Event-ID` resumes all of them, if they are subscribed to in the same order.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`, `ERR_SSE_BACKPLANE`: the channel cannot be read
   */
  subscribe(channel: SseChannel, options: SubscribeOptions = {}): Promise<void> {
    const over = this.#subscribe(channel, options)
    const result = observed(over, this.report)
    this.subscriptions.track(over, result)
    return result
  }

  /** Ends the stream, after what has been sent. Idempotent: the first reason stands. */
  close(reason: CloseReason = 'end'): void {
    if (this.ending.reason !== undefined) return
    if (isGone(this.#res)) {
      this.#leave(reason)
      return
    }
    // What was broadcast in this tick still belongs to whoever has not been thrown out.
    if (reason !== 'slow' && reason !== 'kicked') this.subscriptions.pump()
    if (this.ending.reason !== undefined) return
    this.ending.reason = reason
    this.#letGo()
    if (reason === 'slow') {
      this.#writer.stop()
      cut(this.#res)
      this.ending.now()
      return
    }
    if (!this.#hasHead()) return
    this.#writer.end()
    void this.ending.within(this.#finishMs)
  }

  /** Answers with something that is no stream. @internal */
  answer(reason: CloseReason, write: () => void): void {
    if (this.ending.reason !== undefined) return
    this.ending.reason = reason
    this.#letGo()
    if (this.#isTaken) {
      this.ending.now()
      return
    }
    try {
      this.#options.onHead?.()
      write()
    } catch (cause) {
      this.ending.now({ cause })
      return
    }
    void this.ending.within(this.#finishMs)
  }

  /** Ends the stream for an error of its source. Before the head the response is left to the framework. @internal */
  fail(error: unknown): void {
    if (this.ending.reason !== undefined) return
    this.ending.reason = 'error'
    this.#letGo()
    if (!this.#isOpen) {
      this.ending.now({ cause: error })
      return
    }
    this.#writer.end()
    void this.ending.within(this.#finishMs, { cause: error })
  }

  /** Ends the stream with a last text, and then the socket too. @internal */
  async shutDown(farewell: string, graceMs: number): Promise<void> {
    if (this.ending.reason === undefined) this.subscriptions.pump()
    if (this.ending.reason === undefined && isGone(this.#res)) this.#leave('client')
    if (this.ending.reason === undefined) {
      this.ending.reason = 'shutdown'
      const hasHead = this.#hasHead()
      if (hasHead) this.#writer.enqueue(this.encoder.packet(farewell, 1))
      this.#letGo()
      if (!hasHead) return
      this.#writer.end()
    }
    // Both are gone from the response once it is over.
    const socket = this.#res instanceof ServerResponse ? this.#res.socket : undefined
    const session = this.#res instanceof ServerResponse ? undefined : this.#res.stream?.session
    await this.ending.within(graceMs)
    // An idle kept-alive connection would hold up `server.close()`.
    socket?.destroySoon()
    session?.close()
  }

  /** Calls back when the stream is over, until the returned function is called. @internal */
  onCancel(cancel: () => void): () => void {
    this.#cancels.add(cancel)
    return () => {
      this.#cancels.delete(cancel)
    }
  }

  /**
   * Makes callbacks see the async context of now, which is the request's (its user, its trace), not that of whoever
   * broadcasts. @internal
   */
  keepScope(): void {
    this.#scope ??= new AsyncResource('SseConnection')
  }

  /** Runs a callback of the user in the async context of the request. @internal */
  run<T>(callback: () => T): T {
    return this.#scope === undefined ? callback() : this.#scope.runInAsyncScope(callback)
  }

  /** Whether the response is over without having said so. @internal */
  get isGone(): boolean {
    return this.ending.reason !== undefined || isGone(this.#res)
  }

  /** @internal */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** @internal */
  get isWritable(): boolean {
    return this.#writer.isWritable
  }

  /** @internal */
  get report(): (error: unknown) => void {
    return this.#host.report
  }

  /** @internal */
  get maxBufferedBytes(): number {
    return this.#host.settings.maxBufferedBytes
  }

  /** What the response asked for when it began. @internal */
  get rewind(): number {
    return this.#options.rewind ?? 0
  }

  /** Writes at once. @internal */
  write(packet: Packet): void {
    this.#touch()
    this.#writer.write(packet)
  }

  /** Writes at the end of the tick. @internal */
  enqueue(packet: Packet): void {
    this.#touch()
    this.#writer.enqueue(packet)
  }

  /** @internal */
  beat(): void {
    // A full socket has no need of it, and must not get more.
    if (!this.#writer.isWritable) return
    const packets: Packet[] = []
    const checkpoint = this.subscriptions.hasUnsent ? this.subscriptions.checkpoint() : undefined
    if (checkpoint !== undefined) packets.push(checkpoint)
    packets.push(this.#heartbeat())
    this.#writer.write(Packet.join(packets))
  }

  async #subscribe(channel: SseChannel, options: SubscribeOptions): Promise<void> {
    const { rewind = this.rewind, signal } = options
    requireRewind(rewind)
    if (this.ending.reason !== undefined || signal?.aborted) return
    const { subscriptions } = this
    const place = subscriptions.reserve()
    const warming = channel.warm()
    if (warming !== undefined) await warming
    if (this.ending.reason !== undefined) return
    this.open()
    if (this.ending.reason !== undefined) return
    const lastEventId = options.lastEventId ?? subscriptions.lastEventIdFor(channel, place)
    const over = subscriptions.attach(place, channel, channel.cursor({ lastEventId, rewind }), options)
    subscriptions.start(place)
    await over
  }

  /** Whether an event of a source that is no channel passes the response's filter. @internal */
  accepts(event: SseEvent): boolean {
    const { filter } = this.#options
    return filter === undefined || this.run(() => filter(event))
  }

  /** Whether somebody else has begun the response, and is to finish it. */
  get #isTaken(): boolean {
    return !this.#isOpen && this.#res.headersSent
  }

  /** How long the end of a stream may take. */
  get #finishMs(): number {
    return this.#host.settings.writeTimeoutMs || Number.POSITIVE_INFINITY
  }

  #heartbeat(): Packet {
    const { heartbeat } = this.#options
    if (heartbeat === undefined) return this.encoder.heartbeat
    try {
      return this.encoder.event(this.run(heartbeat))
    } catch (error) {
      // A stream is worth more than what keeps it alive.
      this.#host.report(error)
      return this.encoder.heartbeat
    }
  }

  #sendHead(): void {
    this.#options.onHead?.()
    setStreamHead(this.#res, this.#options)
    this.#isOpen = true
    this.#writer.open()
    this.#writer.enqueue(this.encoder.packet(`retry: ${this.#host.settings.retryMs}\n\n`, 0))
    // A request body that nobody reads would hide that the client has left.
    if (this.req.readableFlowing === null) this.req.resume()
  }

  #touch(): void {
    if (this.#host.wheel !== undefined) this.activeTick = this.#host.wheel.tick
  }

  /** Has the head sent, to end what it begins. If that cannot be, the response is somebody else's to end. */
  #hasHead(): boolean {
    if (this.#isOpen) return true
    try {
      if (!this.#isTaken) this.#sendHead()
      if (!this.#isOpen) this.ending.now()
    } catch (cause) {
      this.ending.now({ cause })
    }
    return this.#isOpen
  }

  /** Nobody is there any more. */
  #leave(reason: CloseReason): void {
    if (this.ending.reason !== undefined) return
    this.ending.reason = reason
    this.#letGo()
    try {
      // There is nobody left to whom the framework could answer.
      if (!this.#res.headersSent) this.#options.onHead?.()
    } catch (error) {
      this.#host.report(error)
    }
    this.ending.now()
  }

  /** Gives up everything but the response itself. */
  #letGo(): void {
    const { wheel, onOver } = this.#host
    wheel?.delete(this)
    clearTimeout(this.#ageTimer)
    this.#forgetSignal()
    this.subscriptions.close()
    this.run(() => this.#controller?.abort())
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    onOver(this as SseConnection)
  }

  #finish(failure: Failure | undefined): void {
    this.#writer.stop()
    if (failure !== undefined && this.#isOpen) this.#host.onSourceError?.(failure.cause)
    try {
      this.run(() => this.#options.onClose?.(this.ending.reason as CloseReason, this.stats))
    } catch (error) {
      this.#host.report(error)
    }
  }
}
