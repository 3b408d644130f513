import type { Backplane } from './backplane.js'
import { checkBroadcast } from './broadcast.js'
import type { SseConnection } from './connection.js'
import type { Cursor, StartOptions } from './cursor.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import type { CheckedEvent } from './event-text.js'
import { Feed } from './feed.js'
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
import { shown } from './shown.js'
import type { PullSource } from './source.js'
import type { StreamConfig } from './stream-config.js'
import { type SubscriberListener, Subscribers } from './subscribers.js'
import type { ChannelEvent, HeardEvent } from './typed-events.js'

export interface ChannelOptions extends ConnectionSettings {
  /** How much the channel keeps for readers that reconnect. */
  readonly history?: HistoryLimits | undefined
  /**
   * How long a channel must be unused before it releases its log, in ms. Without a backplane it also waits until its
   * history has expired. When it is used again, it continues where it was.
   * @defaultValue `history.maxAgeMs`
   */
  readonly idleChannelMs?: number | undefined
}

export interface StandaloneChannelOptions extends ChannelOptions {
  /** The log that processes share. Default: a log in this process's memory, for this channel alone. */
  readonly backplane?: Backplane | undefined
  /**
   * Called with errors that reach nobody else: of a `broadcast` that was not awaited, or of a listener that threw.
   * Default: a process warning.
   */
  readonly onError?: ErrorListener | undefined
}

/**
 * A named stream of events with any number of subscribers. Broadcast to it from anywhere, pass it to `res.sse()`, or
 * iterate over it. It keeps a bounded log, from which a client that reconnects gets the events that it missed.
 *
 * @typeParam Events the data of each event type, e.g. `{ order: Order; alert: string }`; `message` is for unnamed ones
 */
// biome-ignore lint/suspicious/noExplicitAny: plain `SseChannel` means any channel, whatever its events are
export class SseChannel<Events extends object = any> implements AsyncIterable<SseEvent> {
  /** What it was created with: any text. It is not sent to clients, except in an `sse-gap` of several channels. */
  readonly name: string
  /** The settings of connections that stream this channel, with every default filled in. */
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
  #pipes: Pipes | undefined
  #ending: Promise<void> | undefined
  #isClosed = false

  /**
   * Makes a channel that no manager knows. `sseManager.getOrCreate(name)` makes one that can be found by its name.
   *
   * @throws {TypeError} `name` is empty or not a string, `backplane` is not a backplane, or `onError` is not a function
   * @throws {RangeError} an option is out of its range
   */
  constructor(name: string, options?: StandaloneChannelOptions)
  /** @internal */
  constructor(name: string, options: StandaloneChannelOptions | undefined, manager: SseManager)
  constructor(name: string, options: StandaloneChannelOptions = {}, manager?: SseManager) {
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`a channel's name is a non-empty string, not ${shown(name)}`)
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

  /** The number of subscribers on this node: connections, and loops over the channel. */
  get subscriberCount(): number {
    return this.subscribers.size
  }

  /**
   * Returns the connections that stream this channel on this node now, each once, in the order in which they began.
   *
   * @typeParam Context the type of their `context` option; it is not checked
   */
  listConnections<Context = unknown>(): SseConnection<Context>[] {
    return this.subscribers.connections() as SseConnection<Context>[]
  }

  /** The id of the newest event that this node knows; undefined before the first one. */
  get lastEventId(): string | undefined {
    return this.#feed.lastEventId
  }

  /** Whether the channel was closed, is ending or has ended, so that `broadcast` rejects. */
  get isClosed(): boolean {
    return this.#isClosed || this.#ending !== undefined || this.#feed.hasEnded
  }

  /**
   * Sends one event to every subscriber of this channel on every node, including this one.
   *
   * Resolves with the event's id once the log has accepted the event, not once clients have read it. The broadcasts of
   * one process arrive in the order of the calls, awaited or not. You need not await the promise: an error that nobody
   * handles goes to `onError`.
   *
   * @param event an event, or the data of an unnamed one. Its `id`, if any, has 1–128 characters from `!` to `~`.
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written; nothing was sent
   * @throws {SseError} `ERR_SSE_LIMIT`: the event is larger than `maxEventBytes`; nothing was sent
   * @throws {SseError} `ERR_SSE_BACKPLANE`: the broker refused or timed out; see `cause`
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed or deleted, or has ended
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
   * Returns the events from now on, as an async iterable; leaving the loop unsubscribes. This call takes the place in
   * the log, so nothing that this process broadcasts after it is missed. If a broker has to be asked for the log first,
   * events of other processes are received from the answer on. When the channel is closed, a loop that is behind still
   * gets everything up to the last broadcast. Passed to `res.sse()`, the iterable costs no more than the channel itself.
   *
   * A loop over it rejects with `ERR_SSE_CLOSED` if the channel was closed or deleted before, and with
   * `ERR_SSE_BACKPLANE` if its log cannot be read. `res.sse()` answers as it does for the channel.
   */
  listen(options: ListenOptions<Events> = {}): ChannelListener<Events> {
    return new ChannelListener(this as SseChannel, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardEvent<Events>> {
    return this.listen()[Symbol.asyncIterator]()
  }

  /**
   * Broadcasts what an iterable or a stream yields, each value once the one before it is accepted: the steps of a job,
   * or an answer as it is written. Plain objects are events, everything else is data. Resolves when the source has
   * ended.
   *
   * @throws what the source or `broadcast` throws; the source is then cancelled
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed, deleted or ended on this node, even if the source was
   * quiet
   */
  pipeFrom(source: PullSource): Promise<void> {
    this.#pipes ??= new Pipes((event) => this.#publishEvent(event), this.report)
    const piping = observed(this.#pipes.run(source), this.report)
    if (this.#isClosed || this.#feed.hasEnded) this.#pipes.stop(this.#closedError())
    return piping
  }

  /**
   * Removes subscribers that have disconnected unnoticed, and returns how many there were. You need not call it:
   * normally subscribers are removed as soon as they disconnect.
   */
  cleanup(): number {
    return this.subscribers.cleanUp()
  }

  /**
   * Ends the channel on every node. Subscribers get what is left, then their streams end. A client that reconnects with
   * nothing left to read gets `204`, which stops an EventSource. `broadcast` rejects from this call on. Idempotent: a
   * call while the channel is ending has the same outcome.
   *
   * @param event a last event; the channel ends once it is accepted
   * @throws as `broadcast` does. The channel then stays open, with the last event in it if only the end was refused. If the
   * broker did not answer in time, it may have accepted the end
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
   * Ends the streams of this node, also those that wait for a broker, and releases the log. Loops in this process still
   * get everything up to the last broadcast. A later `broadcast` rejects. Idempotent.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#feed.flush()
    this.subscribers.close()
    this.#feed.release()
    this.#pipes?.stop(this.#closedError())
    this.manager?.channels.remove(this as SseChannel)
  }

  /**
   * Calls the listener for each subscriber that this node gains or loses. A new one is already counted, and gets what
   * the listener broadcasts after the events that it missed. What the listener throws or rejects with goes to
   * `onError`.
   *
   * @throws {TypeError} there is no such event, or the listener is not a function
   */
  on(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.subscribers.on(event, listener)
    return this
  }

  off(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.subscribers.off(event, listener)
    return this
  }

  /** The settings under a manager; it provides what a channel without its own manager does not set. @internal */
  settingsUnder(manager: SseManager | undefined): ResolvedSettings {
    return this.manager === undefined ? resolveSettings(this.#options, manager?.settings) : this.settings
  }

  /** Whether the channel was closed or deleted, which says nothing of other nodes. @internal */
  get wasClosed(): boolean {
    return this.#isClosed
  }

  /** Makes the log ready to be read: returns undefined if it is, else a promise. @internal @throws {SseError} */
  warm(): Promise<void> | undefined {
    if (this.#isClosed) throw this.#closedError()
    this.#use()
    return this.#feed.warm()
  }

  /** Goes on with this log, even if it was idle. Returns false if the channel is closed or has released it. @internal */
  resume(log: Log): boolean {
    return !this.#isClosed && this.warm() === undefined && this.log === log
  }

  /** The log, if the channel is warm. @internal */
  get log(): Log | undefined {
    return this.#feed.log
  }

  /** Returns a reader's place in the log, which must be warm. @internal */
  cursor(start: StartOptions): Cursor {
    // The channel may have been closed while its log was being warmed.
    if (this.#isClosed) throw this.#closedError()
    return this.#feed.cursor(start)
  }

  /** Releases the log of an idle channel, and returns whether the channel holds nothing now. @internal */
  sweep(now: number, idleMs: number = this.#idleChannelMs): boolean {
    this.#feed.trim(now)
    // Even if clients still request it: there is nothing left to send them, and at a broker it may have started again.
    const isForgotten = this.#feed.isOver(now) && this.subscribers.size === 0
    const isIdle = this.subscribers.isIdle(idleMs) && this.#feed.isDispensable(now)
    if (!isForgotten && !isIdle) return false
    this.#feed.rest()
    return true
  }

  #publishEvent(input: SseEvent | string): string | Promise<string> {
    const checked = checkBroadcast(input, this.settings.maxEventBytes)
    if (this.isClosed) throw this.#closedError()
    this.#use()
    return this.#feed.publish(checked)
  }

  #end(event: SseEvent | string | undefined, result: ObservedPromise<void>): void {
    const last = event === undefined ? undefined : checkBroadcast(event, this.settings.maxEventBytes)
    // Set before anything is published, so that no broadcast comes in between.
    this.#ending = result
    this.#use()
    this.#publishEnd(last).then(
      () => {
        // From now on the feed knows of the end.
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
    const accepted = last && this.#feed.publish(last)
    // An end cannot be taken back, and must not come without its event. A log in memory has accepted that already.
    if (typeof accepted === 'object') await accepted
    await this.#feed.publish({ end: true })
  }

  #use(): void {
    this.subscribers.use()
    if (!this.#feed.isOpen) this.manager?.channels.wake(this as SseChannel)
  }

  #closedError(): SseError {
    return new SseError(
      'ERR_SSE_CLOSED',
      `channel ${JSON.stringify(this.name)} ${this.#isClosed ? 'is closed' : 'has ended'}`,
    )
  }
}

markAsOurs(SseChannel)
