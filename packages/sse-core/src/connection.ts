import { AsyncResource } from 'node:async_hooks'
import type { Socket } from 'node:net'
import type { SseChannel } from './channel.js'
import type { Cursor, StartOptions } from './cursor.js'
import { SseError } from './errors.js'
import { checkEvent, idLine, type LineEnding, type SseEvent, withLineEnding } from './event.js'
import { isGone, setStreamHead, whenOver } from './head.js'
import type { Beating, HeartbeatWheel } from './heartbeat.js'
import { type EventFilter, requireRewind } from './listener.js'
import { observed } from './observed.js'
import { Packet } from './packet.js'
import type { RespondOptions, SseRequest, SseResponse } from './respond.js'
import type { ResolvedSettings } from './settings.js'
import { formatCheckpoint } from './signals.js'
import { Subscription } from './subscription.js'
import { Writer } from './writer.js'

/**
 * Why a stream is over: the client left; the source ended; the source failed; the client did not read; a limit was reached;
 * the connection was old enough; `disconnect()`; the manager closed; the `signal` option aborted.
 */
export type CloseReason = 'client' | 'end' | 'error' | 'slow' | 'limit' | 'age' | 'kicked' | 'shutdown' | 'aborted'

/** What went over a connection. */
export interface ConnectionStats {
  /** Events written, heartbeats and checkpoints among them. */
  readonly events: number
  /** Bytes written, without the head and what HTTP puts around them. */
  readonly bytes: number
  /** From the request's arrival to now, in ms. */
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
  readonly report: (error: unknown) => void
  readonly onOver: (connection: SseConnection) => void
}

const MAX_TIMER_MS = 2 ** 31 - 1
/** Longer or stranger ids make a browser ask for leave (a CORS preflight) before it reconnects across origins. */
const MAX_VECTOR_ID = 128
const WRITTEN = Promise.resolve(true)
const OVER = Promise.resolve(false)

/** One response that streams events, from before its head to its end. Functions given to `res.sse()` get it. */
export class SseConnection<Context = unknown> implements Beating {
  readonly req: SseRequest
  /** What the `key` option said: whose connection it is. */
  readonly key: string | undefined
  /** What the `context` option said; `manager.disconnect()` finds connections by it. */
  readonly context: Context
  /** The id of the last event that the client has, as it says; any text, `''` for none. Never to be trusted. */
  readonly lastEventId: string
  /** @internal */
  readonly eol: LineEnding
  /** @internal */
  activeTick = 0
  /** Settles when the stream is over and the response with it. @internal */
  readonly over: Promise<CloseReason>
  readonly #res: SseResponse
  readonly #host: ConnectionHost
  readonly #options: RespondOptions
  readonly #writer: Writer
  readonly #startedAt = performance.now()
  readonly #subscriptions: (Subscription | undefined)[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #cancels = new Set<() => void>()
  readonly #scope: AsyncResource | undefined
  #settle: ((error?: { readonly cause: unknown }) => void) | undefined
  #controller: AbortController | undefined
  #reason: CloseReason | undefined
  #isOpen = false
  #isVectorBroken = false
  #ageTimer: NodeJS.Timeout | undefined

  /** @internal */
  constructor(req: SseRequest, res: SseResponse, lastEventId: string, options: RespondOptions, host: ConnectionHost) {
    this.req = req
    this.key = options.key
    this.context = options.context as Context
    this.lastEventId = lastEventId
    this.eol = options.eol ?? '\n'
    this.#res = res
    this.#host = host
    this.#options = options
    const { writeTimeoutMs, maxBufferedBytes, maxConnectionAgeMs } = host.settings
    this.#writer = new Writer(req, res, {
      writeTimeoutMs,
      maxBufferedBytes,
      onWritable: () => this.#pump(),
      onSlow: () => this.close('slow'),
    })
    // So that these callbacks see the request's async context (its user, its trace), not that of whoever broadcasts.
    if (options.filter ?? options.heartbeat ?? options.onClose) this.#scope = new AsyncResource('SseConnection')
    this.over = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        if (error === undefined) resolve(this.#reason as CloseReason)
        else reject(error.cause)
      }
    })
    res.on('close', this.#onGone)
    res.on('error', this.#onGone)
    // A response that waits behind another on its connection never emits `close`.
    if (res.socket === null) req.socket.on('close', this.#onGone)
    options.signal?.addEventListener('abort', this.#onAbort)
    if (maxConnectionAgeMs < Number.POSITIVE_INFINITY) {
      const age = Math.min(MAX_TIMER_MS, maxConnectionAgeMs * (0.8 + 0.2 * Math.random()))
      this.#ageTimer = setTimeout(() => this.close('age'), age).unref()
    }
    if (isGone(res)) this.close('client')
    else if (options.signal?.aborted) this.close('aborted')
  }

  /** Aborts when the stream is over, for whatever reason: pass it to what the source waits for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason !== undefined && !this.#controller.signal.aborted) this.#controller.abort()
    return this.#controller.signal
  }

  /** Why the stream is over; undefined while it is not. */
  get closeReason(): CloseReason | undefined {
    return this.#reason
  }

  /** What went over the connection so far. */
  get stats(): ConnectionStats {
    const { events, bytes } = this.#writer
    return { events, bytes, durationMs: performance.now() - this.#startedAt }
  }

  /** Sends the head, if it is not sent yet: from then on an error can no longer become an error response. */
  open(): void {
    if (this.#isOpen || this.#reason !== undefined) return
    this.#sendHead()
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
    if (this.#reason !== undefined) return OVER
    let packet: Packet
    try {
      packet = this.#encode(event)
    } catch (error) {
      return observed(Promise.reject(error), this.#host.report)
    }
    this.open()
    this.#touch()
    this.#writer.enqueue(packet)
    return this.#writer.isWritable ? WRITTEN : this.#writer.writable()
  }

  /**
   * Streams a channel on this connection too. Resolves when the channel has ended or the stream is over. With more than
   * one, the client's `Last-Event-ID` resumes all of them, if they are subscribed to in the same order.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`, `ERR_SSE_BACKPLANE`: the channel cannot be read
   */
  subscribe<Events extends object>(channel: SseChannel<Events>, options: SubscribeOptions = {}): Promise<void> {
    // Who reads does not mind what may be broadcast.
    const over = this.#subscribe(channel as unknown as SseChannel, options)
    this.#running.add(over)
    void over.catch(() => {}).then(() => this.#running.delete(over))
    return observed(over, this.#host.report)
  }

  /** Ends the stream, after what has been sent. Idempotent: the first reason stands. */
  close(reason: CloseReason = 'end'): void {
    if (this.#reason !== undefined) return
    if (reason === 'client' || isGone(this.#res)) {
      this.#closeGone(reason)
      return
    }
    // What was broadcast in this tick still belongs to whoever has not been thrown out.
    if (reason !== 'slow' && reason !== 'kicked') this.#pump()
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#letGo()
    if (reason === 'slow') {
      this.#cut()
      return
    }
    if (!this.#isOpen) this.#sendHead()
    this.#writer.end()
    void this.#finishWithin(this.#host.settings.writeTimeoutMs)
  }

  /** Answers with something that is no stream. @internal */
  answer(reason: CloseReason, write: () => void): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#letGo()
    this.#options.onHead?.()
    write()
    void this.#finishWithin(this.#host.settings.writeTimeoutMs)
  }

  /** Ends the stream for an error of its source. Before the head the response is left to the framework. @internal */
  fail(error: unknown): void {
    if (this.#reason !== undefined) return
    this.#reason = 'error'
    this.#letGo()
    if (!this.#isOpen) {
      this.#finish({ cause: error })
      return
    }
    this.#writer.end()
    void this.#finishWithin(this.#host.settings.writeTimeoutMs, { cause: error })
  }

  /** Ends the stream with a last event and the time after which to come back. @internal */
  async shutDown(event: SseEvent | string | undefined, retryMs: number, graceMs: number): Promise<void> {
    if (this.#reason === undefined) this.#pump()
    if (this.#reason === undefined && isGone(this.#res)) this.#closeGone('client')
    if (this.#reason === undefined) {
      this.#reason = 'shutdown'
      if (!this.#isOpen) this.#sendHead()
      if (event !== undefined) this.#writer.enqueue(this.#encode(event))
      this.#writer.enqueue(this.#packet(`retry: ${retryMs}\n\n`, 0))
      this.#letGo()
      this.#writer.end()
    }
    const { socket } = this.#res
    await this.#finishWithin(graceMs)
    // An idle kept-alive connection would hold up `server.close()`.
    if (this.req.httpVersionMajor === 1) (socket as Socket | null)?.destroySoon()
    else if ('stream' in this.req) this.req.stream.session?.close()
  }

  /** Calls back when the stream is over, until the returned function is called. @internal */
  onCancel(cancel: () => void): () => void {
    this.#cancels.add(cancel)
    return () => {
      this.#cancels.delete(cancel)
    }
  }

  /** Runs a callback of the user in the async context of the request. @internal */
  run<T>(callback: () => T): T {
    return this.#scope === undefined ? callback() : this.#scope.runInAsyncScope(callback)
  }

  /** Whether the response is over without having said so. @internal */
  get isGone(): boolean {
    return this.#reason !== undefined || isGone(this.#res)
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

  /** What the response asked for when it began. @internal */
  get rewind(): number {
    return this.#options.rewind ?? 0
  }

  /** Resolves when all subscriptions that there are now are over. @internal */
  async subscriptionsOver(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** @internal */
  write(packet: Packet): void {
    this.#touch()
    this.#writer.write(packet)
  }

  /** Whether ids are positions in several logs. @internal */
  get hasVectorIds(): boolean {
    return this.#subscriptions.length > 1
  }

  /** The id of where all cursors stand; undefined if it cannot be written. @internal */
  idAtCursors(): string | undefined {
    if (!this.hasVectorIds) return this.#subscriptions[0]?.cursor.lastId
    return this.#isVectorBroken ? undefined : this.#vector()
  }

  /**
   * The id for an event of one of several channels. If there can be none, the first such event makes the client forget the
   * one it has (it would get what follows twice), and the stream is live only. @internal
   */
  vectorId(hasOwnId: boolean): string | undefined {
    if (this.#isVectorBroken) return undefined
    const id = hasOwnId ? undefined : this.#vector()
    if (id !== undefined) return id
    this.#isVectorBroken = true
    return ''
  }

  /** Moves the client's last event id to where the cursors are; undefined if it may not or need not be moved. @internal */
  checkpoint(): Packet | undefined {
    if (this.#options.checkpoints === false) return undefined
    const id = this.idAtCursors()
    if (id === undefined) return undefined
    for (const subscription of this.#subscriptions) subscription?.markSent()
    return this.#packet(formatCheckpoint(id), 1)
  }

  /** @internal */
  beat(): void {
    // A full socket has no need of it, and must not get more.
    if (!this.#writer.isWritable) return
    const packets: Packet[] = []
    if (this.#subscriptions.some((subscription) => subscription?.hasUnsent)) {
      const checkpoint = this.checkpoint()
      if (checkpoint !== undefined) packets.push(checkpoint)
    }
    packets.push(this.#heartbeat())
    this.#writer.write(Packet.join(packets))
  }

  async #subscribe(channel: SseChannel, options: SubscribeOptions): Promise<void> {
    const { rewind = 0, signal } = options
    requireRewind(rewind)
    if (this.#reason !== undefined || signal?.aborted) return
    const index = this.reserve()
    const warming = channel.warm()
    if (warming !== undefined) await warming
    if (this.#reason !== undefined) return
    this.open()
    const lastEventId = options.lastEventId ?? this.lastEventIdFor(channel, index)
    const over = this.attach(index, channel, channel.cursor({ lastEventId, rewind }), options)
    this.start(index)
    await over
  }

  /** Adds a channel that is warm; resolves when it is over. Nothing of it is written before `start()`. @internal */
  attach(index: number, channel: SseChannel, cursor: Cursor, { filter, signal }: SubscribeOptions): Promise<void> {
    return new Promise((resolve) => {
      const onAbort = (): void => subscription.close()
      const subscription = new Subscription(this as SseConnection, channel, cursor, this.#filterWith(filter), () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      this.#subscriptions[index] = subscription
      signal?.addEventListener('abort', onAbort)
    })
  }

  /** Begins to write what was attached as number `first` and later. @internal */
  start(first: number): void {
    const started = this.#subscriptions.slice(first)
    // A fresh client that is cut before its first event is to resume too, and ids now say more than they did.
    if (this.hasVectorIds || started.some((subscription) => subscription?.cursor.isFresh)) {
      const checkpoint = this.checkpoint()
      if (checkpoint !== undefined) this.#writer.enqueue(checkpoint)
    }
    for (const subscription of started) subscription?.pump()
  }

  /** Whether an event of a source that is no channel passes the response's filter. @internal */
  accepts(event: SseEvent): boolean {
    const { filter } = this.#options
    return filter === undefined || this.run(() => filter(event))
  }

  /** Keeps a place among the subscriptions, on which the order of a vector id depends. @internal */
  reserve(): number {
    return this.#subscriptions.push(undefined) - 1
  }

  /** What the client's last event id says of the channel that was subscribed to as number `index`. @internal */
  lastEventIdFor(channel: SseChannel, index: number): string | undefined {
    const { lastEventId } = this
    if (index === 0 && channel.log?.positionAfter(lastEventId) !== undefined) return lastEventId
    const parts = lastEventId.split('~')
    if (parts.length === 1) return index === 0 ? lastEventId : undefined
    return parts[index]
  }

  #filterWith(own: EventFilter | undefined): EventFilter | undefined {
    const { filter } = this.#options
    if (filter === undefined || own === undefined) return own ?? filter
    return (event) => filter(event) && own(event)
  }

  #encode(event: SseEvent | string): Packet {
    const { event: checked, body } = checkEvent(event)
    const packet = this.#packet(idLine(checked.id) + body, 1)
    const { maxEventBytes } = this.#host.settings
    if (packet.size <= maxEventBytes) return packet
    throw new SseError('ERR_SSE_LIMIT', `the event has ${packet.size} bytes, and maxEventBytes is ${maxEventBytes}`)
  }

  #packet(text: string, events: number): Packet {
    return Packet.of(withLineEnding(text, this.eol), events)
  }

  #heartbeat(): Packet {
    const { heartbeat } = this.#options
    if (heartbeat !== undefined) {
      try {
        return this.#encode(this.run(heartbeat))
      } catch (error) {
        // A stream is worth more than what keeps it alive.
        this.#host.report(error)
      }
    }
    return HEARTBEATS[this.eol]
  }

  #vector(): string | undefined {
    const id = this.#subscriptions.map((subscription) => subscription?.cursor.lastId ?? '').join('~')
    const isWritable = id.length <= MAX_VECTOR_ID && id.split('~').length === this.#subscriptions.length
    return isWritable ? id : undefined
  }

  #sendHead(): void {
    this.#isOpen = true
    const { onHead } = this.#options
    onHead?.()
    setStreamHead(this.#res, this.#options)
    this.#writer.open()
    this.#writer.enqueue(this.#packet(`retry: ${this.#host.settings.retryMs}\n\n`, 0))
    // A request body that nobody reads would hide that the client has left.
    if (this.req.readableFlowing === null) this.req.resume()
  }

  #pump(): void {
    for (const subscription of this.#subscriptions) subscription?.pump()
  }

  #touch(): void {
    if (this.#host.wheel !== undefined) this.activeTick = this.#host.wheel.tick
  }

  readonly #onGone = (): void => {
    // If somebody else has ended the response, then that is what it is, not a client that left.
    this.close(this.#res.writableFinished ? 'end' : 'client')
  }

  readonly #onAbort = (): void => this.close('aborted')

  #closeGone(reason: CloseReason): void {
    this.#reason = reason
    this.#letGo()
    // There is nobody left to whom the framework could answer.
    if (!this.#isOpen) this.#options.onHead?.()
    this.#finish()
  }

  /** Gives up everything but the response itself. */
  #letGo(): void {
    const { wheel, onOver } = this.#host
    wheel?.delete(this)
    clearTimeout(this.#ageTimer)
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    for (const subscription of this.#subscriptions) subscription?.close()
    this.#controller?.abort()
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    onOver(this as SseConnection)
  }

  #cut(): void {
    this.#writer.stop()
    this.#res.destroy()
    this.#finish()
  }

  /** Waits for the response to finish, and destroys it after a while; 0 waits for ever. */
  async #finishWithin(ms: number, error?: { readonly cause: unknown }): Promise<void> {
    const timer = ms > 0 ? setTimeout(() => this.#res.destroy(), ms).unref() : undefined
    await whenOver(this.#res)
    clearTimeout(timer)
    this.#finish(error)
  }

  #finish(error?: { readonly cause: unknown }): void {
    const settle = this.#settle
    if (settle === undefined) return
    this.#settle = undefined
    this.#writer.stop()
    this.#res.off('close', this.#onGone)
    this.#res.off('error', this.#onGone)
    this.req.socket?.off?.('close', this.#onGone)
    if (error !== undefined && this.#isOpen) this.#host.report(error.cause)
    try {
      this.run(() => this.#options.onClose?.(this.#reason as CloseReason, this.stats))
    } catch (callbackError) {
      this.#host.report(callbackError)
    }
    settle(error)
  }
}

const HEARTBEATS: Readonly<Record<LineEnding, Packet>> = {
  '\n': Packet.of(': heartbeat\n\n', 1),
  '\r\n': Packet.of(': heartbeat\r\n\r\n', 1),
  '\r': Packet.of(': heartbeat\r\r', 1),
}
