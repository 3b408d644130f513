import { requireAnswer } from './callbacks.js'
import type { SseChannel } from './channel.js'
import type { CloseReason } from './close-reason.js'
import type { SseEvent } from './event.js'
import { passes } from './filter.js'
import type { SseResponse } from './http.js'
import { ObservedPromise, observed } from './observed.js'
import type { RespondOptions } from './options.js'
import { Packet } from './packet.js'
import { ResponseLifecycle } from './response-lifecycle.js'
import type { StreamConfig } from './stream-config.js'
import { type SubscribeOptions, Subscriptions } from './subscriptions.js'

const WRITTEN = Promise.resolve(true)
const OVER = Promise.resolve(false)

/** One response that streams events, from before its head to its end. Functions given to `res.sse()` get it. */
export class SseConnection<Context = unknown> extends ResponseLifecycle {
  /** The id of the last event that the client has, as it says; any text, `''` for none. Never to be trusted. */
  readonly lastEventId: string
  /** The heartbeat wheel's tick at which a beat is due. @internal */
  dueTick: number | undefined

  /** @internal */
  constructor(
    res: SseResponse,
    lastEventId: string,
    options: RespondOptions,
    config: StreamConfig,
    outcome: ObservedPromise<CloseReason>,
  ) {
    super(res, options, config, outcome)
    this.lastEventId = lastEventId
    this.begin()
  }

  /** What the `key` option said: whose connection it is. */
  get key(): string | undefined {
    return this.options.key
  }

  /** What the `context` option said; `manager.disconnect()` finds connections by it. */
  get context(): Context {
    return this.options.context as Context
  }

  /**
   * Sends an event to this client alone. Resolves once more may be sent: true, or false if the stream is over. Await it to
   * go no faster than the client reads; if nobody does, `maxBufferedBytes` is where the client is cut as `'slow'`.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than `maxEventBytes`
   */
  send(event: SseEvent | string): Promise<boolean> {
    if (this.closeReason !== undefined) return OVER
    try {
      return this.sendPacket(this.config.encoder.event(event))
    } catch (error) {
      const failed = new ObservedPromise<boolean>()
      failed.fail(error, this.config.report)
      return failed
    }
  }

  /** Sends an event that is encoded, as `send()` does. @internal */
  sendPacket(packet: Packet): Promise<boolean> {
    this.open()
    if (this.closeReason !== undefined) return OVER
    const { writer } = this
    const { bytes } = writer
    writer.offer(packet)
    // Who sends so much within a tick that it was written already would, awaiting what is there, give nobody else a turn.
    const isEager = writer.bytes !== bytes
    return writer.isWritable && !writer.isOverfull && !isEager ? WRITTEN : writer.writable()
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
    const result = observed(over, this.config.report)
    subscriptions.track(over, result)
    return result
  }

  /** The channels on it, where there may be several. @internal */
  get subscriptions(): Subscriptions {
    if (this.reading instanceof Subscriptions) return this.reading
    const subscriptions = new Subscriptions(this as SseConnection, this.reading)
    this.reading = subscriptions
    return subscriptions
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
    const { filter } = this.options
    return filter === undefined || this.run(() => passes(filter, event))
  }

  /** @internal */
  protected override onOpened(): void {
    this.config.wheel?.add(this)
  }

  /** @internal */
  protected override onOver(): void {
    this.config.wheel?.delete(this)
    this.config.manager?.ended(this as SseConnection)
  }

  /** @internal */
  protected override onSettled(): void {
    this.config.manager?.remove(this as SseConnection)
  }

  #heartbeat(): Packet {
    const { heartbeat } = this.options
    const { encoder, report } = this.config
    if (heartbeat === undefined) return encoder.heartbeat
    try {
      return encoder.event(requireAnswer(this.run(heartbeat), 'heartbeat'))
    } catch (error) {
      // A stream is worth more than what keeps it alive.
      report(error)
      return encoder.heartbeat
    }
  }
}
