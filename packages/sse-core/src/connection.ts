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
import { type SubscribeOptions, SubscriptionGroup } from './subscription-group.js'

const WRITTEN = Promise.resolve(true)
const OVER = Promise.resolve(false)

/** A response that streams events, from before its headers to its end. Functions passed to `res.sse()` receive it. */
export class SseConnection<Context = unknown> extends ResponseLifecycle {
  /** The id of the last event that the client says it has: any text, `''` for none. Do not trust it. */
  readonly lastEventId: string
  /** The tick of the heartbeat wheel at which a heartbeat is due. @internal */
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

  /** The `key` option: whose connection this is. */
  get key(): string | undefined {
    return this.options.key
  }

  /** The `context` option; `manager.disconnect()` can find connections by it. */
  get context(): Context {
    return this.options.context as Context
  }

  /**
   * Sends an event to this client only. Resolves to true once more may be sent, or to false if the stream is over.
   * Await it to send no faster than the client reads. Otherwise a client for which more than `maxBufferedBytes` wait is
   * disconnected as `'slow'`.
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

  /** Sends an encoded event, as `send()` does. @internal */
  sendPacket(packet: Packet): Promise<boolean> {
    this.open()
    if (this.closeReason !== undefined) return OVER
    const { writer } = this
    const { bytes } = writer
    writer.offer(packet)
    // So much was sent in this tick that it is written already. A sender that awaits a settled promise would then never
    // give the event loop a turn.
    const isEager = writer.bytes !== bytes
    return writer.isWritable && !writer.isOverfull && !isEager ? WRITTEN : writer.writable()
  }

  /**
   * Streams a channel on this connection too. Resolves when the channel has ended or was closed, or the stream is over.
   * With several channels, the client's `Last-Event-ID` resumes all of them if they are subscribed to in the same order.
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

  /** The channels on this connection, where there may be several. @internal */
  get subscriptions(): SubscriptionGroup {
    if (this.reading instanceof SubscriptionGroup) return this.reading
    const subscriptions = new SubscriptionGroup(this as SseConnection, this.reading)
    this.reading = subscriptions
    return subscriptions
  }

  /** @internal */
  get activeTick(): number {
    return this.writer.activeTick
  }

  /** @internal */
  beat(): void {
    // A full socket needs no heartbeat, and must not get more.
    if (!this.writer.isWritable) return
    const heartbeat = this.#heartbeat()
    const checkpoint = this.reading?.hasUnsent ? this.reading.checkpoint() : undefined
    this.writer.write(checkpoint === undefined ? heartbeat : Packet.join([checkpoint, heartbeat]))
  }

  /** Whether an event of a source that is not a channel passes the response's filter. @internal */
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
    this.config.manager?.connections.end(this as SseConnection)
  }

  /** @internal */
  protected override onSettled(): void {
    this.config.manager?.connections.remove(this as SseConnection)
  }

  #heartbeat(): Packet {
    const { heartbeat } = this.options
    const { encoder, report } = this.config
    if (heartbeat === undefined) return encoder.heartbeat
    try {
      return encoder.event(requireAnswer(this.run(heartbeat), 'heartbeat'))
    } catch (error) {
      // A stream must not fail because of its heartbeat.
      report(error)
      return encoder.heartbeat
    }
  }
}
