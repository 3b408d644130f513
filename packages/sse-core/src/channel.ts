import type { Backplane, LogInput } from './backplane.js'
import { checkBroadcast } from './broadcast.js'
import type { SseConnection } from './connection.js'
import type { Cursor, StartOptions } from './cursor.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import type { CheckedEvent } from './event-text.js'
import { Feed } from './feed.js'
import { Heartbeats, type HeartbeatWheel } from './heartbeat.js'
import { type HistoryLimits, requireDuration, resolveHistory } from './limits.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import type { Log } from './log.js'
import type { SseManager } from './manager.js'
import { ObservedPromise, observed } from './observed.js'
import { requireServices } from './option-checks.js'
import { markAsOurs } from './package-copy.js'
import { Pipes } from './pipes.js'
import { type ErrorListener, neverThrowing, warn } from './report.js'
import { type ConnectionSettings, type ResolvedSettings, resolveSettings } from './settings.js'
import type { PullSource } from './source.js'
import type { StreamConfig } from './stream-config.js'
import { type SubscriberListener, Subscribers } from './subscribers.js'
import type { ChannelEvent, HeardEvent } from './typed-events.js'

export interface ChannelOptions extends ConnectionSettings {
  /** What the channel keeps for readers who come back. */
  readonly history?: HistoryLimits | undefined
  /**
   * How long nobody must use a channel before it gives back its log, in ms; history that has not expired keeps it longer. It
   * wakes when it is used, and goes on where it was.
   * @defaultValue `history.maxAgeMs`
   */
  readonly idleChannelMs?: number | undefined
}

export interface StandaloneChannelOptions extends ChannelOptions {
  /** The log that processes share. Default: one in this process's memory, of this channel alone. */
  readonly backplane?: Backplane | undefined
  /**
   * Hears of errors that reach nobody else: of a `broadcast` that nobody awaited, of a listener that threw. Default: a
   * process warning.
   */
  readonly onError?: ErrorListener | undefined
}

/**
 * A named stream of events with any number of subscribers: broadcast to it from anywhere, give it to `res.sse()`, or
 * iterate over it. It keeps a bounded log, from which whoever reconnects gets what it missed.
 *
 * @typeParam Events the data of each event type, e.g. `{ order: Order; alert: string }`; `message` types unnamed events
 */
// biome-ignore lint/suspicious/noExplicitAny: `SseChannel` alone is any channel, whatever may be broadcast to it
export class SseChannel<Events extends object = any> implements AsyncIterable<SseEvent> {
  readonly name: string
  /** What holds for connections that stream this channel. */
  readonly settings: ResolvedSettings
  /** @internal */
  readonly manager: SseManager | undefined
  /** @internal */
  readonly report: ErrorListener
  /** @internal */
  readonly subscribers: Subscribers
  /** @internal */
  config: StreamConfig | undefined
  /** @internal */
  otherConfigs: StreamConfig[] | undefined
  readonly #options: ConnectionSettings
  readonly #feed: Feed
  readonly #idleChannelMs: number
  #heartbeats: Heartbeats | undefined
  #pipes: Pipes | undefined
  #ending: Promise<void> | undefined
  #isClosed = false

  /**
   * A channel of its own, that no manager knows; `sseManager.getOrCreate(name)` makes one that can be found again.
   *
   * @throws {TypeError} `name` is no non-empty string, `backplane` no backplane, or `onError` no function
   * @throws {RangeError} an option is out of its range
   */
  constructor(name: string, options: StandaloneChannelOptions = {}, manager?: SseManager) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`a channel's name is a non-empty string, not ${String(name)}`)
    }
    requireServices(options)
    const { idleChannelMs = manager?.idleChannelMs, backplane = manager?.backplane, onError = warn } = options
    const history = resolveHistory(options.history, manager?.history)
    this.name = name
    this.#options = { ...options }
    this.settings = resolveSettings(options, manager?.settings)
    this.manager = manager
    this.report = manager?.report ?? neverThrowing(onError)
    this.#idleChannelMs =
      idleChannelMs === undefined ? history.maxAgeMs : requireDuration('idleChannelMs', idleChannelMs)
    this.subscribers = new Subscribers(this.report)
    this.#feed = new Feed(name, {
      history,
      backplane,
      budget: manager?.budget,
      report: this.report,
      onNews: () => this.subscribers.pump(),
    })
  }

  /** How many read this channel on this node: connections, and iterations over it. */
  get subscriberCount(): number {
    return this.subscribers.size
  }

  /**
   * The connections that stream this channel on this node now, each once, in the order in which they began.
   *
   * @typeParam Context what the `context` option of their responses is; it is not checked
   */
  listConnections<Context = unknown>(): SseConnection<Context>[] {
    return this.subscribers.connections() as SseConnection<Context>[]
  }

  /** The id of the newest event that this node knows of; undefined before the first. */
  get lastEventId(): string | undefined {
    return this.#feed.lastEventId
  }

  /** Whether the channel was closed or has ended, so that `broadcast` rejects. */
  get isClosed(): boolean {
    return this.#isClosed || this.#ending !== undefined || this.#feed.hasEnded
  }

  /**
   * Sends one event to every subscriber of this channel on every node, this one included.
   *
   * Resolves with the id that the log gave it, once the backplane has accepted it, not once clients have read it. The
   * broadcasts of one process arrive in the order of their calls, awaited or not. Nobody has to await it: an error that
   * nobody awaits goes to `onError`.
   *
   * @param event an event, or the data of an unnamed one. Its `id`, if it has one, is 1–128 characters `!`–`~`.
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written; nothing was sent
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than `maxEventBytes`; nothing was sent
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the broker refused or timed out; see `cause`
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed, deleted or has ended
   */
  broadcast<Name extends keyof Events & string = keyof Events & string>(
    event: ChannelEvent<Events, Name>,
  ): Promise<string> {
    const result = new ObservedPromise<string>()
    try {
      const published = this.#publishEvent(event as SseEvent | string)
      if (typeof published === 'string') result.fulfil(published)
      else
        published.then(
          (id) => result.fulfil(id),
          (error: unknown) => result.fail(error, this.report),
        )
    } catch (error) {
      result.fail(error, this.report)
    }
    return result
  }

  /**
   * The events from now on, as an async iterable; leaving the loop unsubscribes. Its place in the log is taken by this
   * call, so that nothing broadcast after it is missed. When the channel is closed, a loop that is behind reads on to what was
   * broadcast last. Given to `res.sse()` it costs no more than the channel itself.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed or deleted
   */
  listen(options: ListenOptions<Events> = {}): ChannelListener<Events> {
    return new ChannelListener(this as SseChannel, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardEvent<Events>> {
    return this.listen()[Symbol.asyncIterator]()
  }

  /**
   * Broadcasts what an iterable or a stream yields, each once the one before it is accepted: a job's steps, an answer as it
   * is written. Plain objects are events, everything else is data. Resolves when the source has ended.
   *
   * @throws what the source throws, and what `broadcast` throws; the source is then cancelled
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed, deleted or ended on this node, though the source was quiet
   */
  pipeFrom(source: PullSource): Promise<void> {
    this.#pipes ??= new Pipes((event) => this.#publishEvent(event), this.report)
    const piping = observed(this.#pipes.run(source), this.report)
    if (this.#isClosed || this.#feed.hasEnded) this.#pipes.stop(this.#closedError())
    return piping
  }

  /**
   * Removes subscribers that are gone without having said so, and says how many there were. Nobody needs to call it:
   * subscribers that leave are removed at once.
   */
  cleanup(): number {
    return this.subscribers.cleanUp()
  }

  /**
   * Ends the channel on every node: subscribers get what is left, then their streams end, and who reconnects with nothing
   * left to read gets `204`, which stops an EventSource. From the call on `broadcast` rejects. Idempotent: who calls it while
   * the channel is ending gets the same outcome.
   *
   * @param event a last one; the channel ends once it is accepted
   * @throws as `broadcast` does; the channel then goes on, with the last event if only the end was refused
   */
  end(event?: ChannelEvent<Events>): Promise<void> {
    if (this.#ending !== undefined) return this.#ending
    const result = new ObservedPromise<void>()
    try {
      if (this.isClosed) result.fulfil()
      else this.#end(event as SseEvent | string | undefined, result)
    } catch (error) {
      result.fail(error, this.report)
    }
    return result
  }

  /**
   * Ends the streams of this node and gives back the log; loops in this process read on to what was broadcast last. A later
   * `broadcast` rejects. Idempotent.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#feed.flush()
    this.subscribers.close()
    this.#feed.release()
    this.#pipes?.stop(this.#closedError())
    this.manager?.closed(this as SseChannel)
  }

  /**
   * Calls the listener for each new or lost subscriber of this node: a new one is counted already, and gets what the listener
   * broadcasts after what it missed. What the listener throws or rejects with goes to `onError`.
   */
  on(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.subscribers.on(event, listener)
    return this
  }

  off(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.subscribers.off(event, listener)
    return this
  }

  /** The heartbeats of connections that no manager knows. @internal */
  wheel(heartbeatMs: number): HeartbeatWheel {
    this.#heartbeats ??= new Heartbeats()
    return this.#heartbeats.wheel(heartbeatMs)
  }

  /** What holds where a manager is not this channel's own, and lends what the channel does not set. @internal */
  settingsUnder(manager: SseManager | undefined): ResolvedSettings {
    return this.manager === undefined ? resolveSettings(this.#options, manager?.settings) : this.settings
  }

  /** Makes the log ready to be read: undefined if it is, else a promise. @internal @throws {SseError} */
  warm(): Promise<void> | undefined {
    if (this.#isClosed) throw this.#closedError()
    this.#use()
    return this.#feed.warm()
  }

  /** The log of a channel that is warm. @internal */
  get log(): Log | undefined {
    return this.#feed.log
  }

  /** A reader's place in the log, which must be warm. @internal */
  cursor(start: StartOptions): Cursor {
    // It may have been closed while it was warming.
    if (this.#isClosed) throw this.#closedError()
    return this.#feed.cursor(start)
  }

  /** Gives back what an idle channel holds, and says whether it holds nothing. @internal */
  sweep(now: number): boolean {
    this.#feed.trim(now)
    // However many still come for it: there is nothing to tell them, and where logs are kept it may have begun anew.
    const isForgotten = this.#feed.isOver(now) && this.subscribers.size === 0
    const isIdle = this.subscribers.isIdle(this.#idleChannelMs) && this.#feed.isDispensable(now)
    if (!isForgotten && !isIdle) return false
    this.#feed.rest()
    return true
  }

  #publishEvent(input: SseEvent | string): string | Promise<string> {
    const { event, body } = checkBroadcast(input, this.settings.maxEventBytes)
    return this.#publish({ event }, body)
  }

  #publish(input: LogInput, body?: string): string | Promise<string> {
    if (this.isClosed) throw this.#closedError()
    this.#use()
    return this.#feed.publish(input, body)
  }

  #end(event: SseEvent | string | undefined, result: ObservedPromise<void>): void {
    const last = event === undefined ? undefined : checkBroadcast(event, this.settings.maxEventBytes)
    // Before anything is published, so that nothing comes between.
    this.#ending = result
    this.#use()
    this.#publishEnd(last).then(
      () => {
        // From now on the feed knows.
        this.#ending = undefined
        this.#pipes?.stop(this.#closedError())
        result.fulfil()
      },
      (error: unknown) => {
        this.#ending = undefined
        result.fail(error, this.report)
      },
    )
  }

  async #publishEnd(last: CheckedEvent | undefined): Promise<void> {
    const accepted = last && this.#feed.publish({ event: last.event }, last.body)
    // An end cannot be taken back: it must not come without its event. The only log has accepted that within the call.
    if (typeof accepted === 'object') await accepted
    await this.#feed.publish({ end: true })
  }

  #use(): void {
    this.subscribers.use()
    if (!this.#feed.isOpen) this.manager?.woke(this as SseChannel)
  }

  #closedError(): SseError {
    return new SseError(
      'ERR_SSE_CLOSED',
      `channel ${JSON.stringify(this.name)} ${this.#isClosed ? 'is closed' : 'has ended'}`,
    )
  }
}

markAsOurs(SseChannel)
