import { EventEmitter } from 'node:events'
import {
  type Backplane,
  type BackplaneSink,
  type LogEntry,
  type LogInput,
  memoryBackplane,
  type Unsubscribe,
} from './backplane.js'
import type { SseConnection } from './connection.js'
import { Cursor, type StartOptions } from './cursor.js'
import { SseError } from './errors.js'
import { checkEvent, idLine, type SseEvent } from './event.js'
import { type HistoryLimits, type ResolvedHistoryLimits, requireDuration, resolveHistory } from './limits.js'
import { ChannelListener, type ListenOptions } from './listener.js'
import { gapItem, itemOf, Log, type LogItem, newEpoch } from './log.js'
import type { SseManager } from './manager.js'
import { observed } from './observed.js'
import { type ConnectionSettings, type ResolvedSettings, resolveSettings } from './settings.js'
import { eventsOf, type PullSource } from './source.js'

/** Called with errors that reach nobody else. */
export type ErrorListener = (error: unknown) => void

export interface ChannelOptions extends ConnectionSettings {
  /** What the channel keeps for readers who come back. */
  readonly history?: HistoryLimits | undefined
  /**
   * How long nobody must use a channel before it gives back its log, in ms; history that has not expired keeps it longer.
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

/** Who is told of a new or lost subscriber; `connection` is undefined for one that listens within this process. */
export type SubscriberListener = (connection: SseConnection | undefined) => void

/** The events that a channel with these types takes: `{ order: Order }` ties `event: 'order'` to data of type `Order`. */
export type ChannelEvent<Events extends object> = string extends keyof Events
  ? SseEvent | string
  :
      | {
          [K in keyof Events & string]: SseEvent<Events[K]> & { readonly event: K; readonly data: Events[K] }
        }[keyof Events & string]
      | ('message' extends keyof Events ? MessageEvent<Events['message']> : never)
      | CommentEvent

type MessageEvent<T> =
  | (SseEvent<T> & { readonly event?: undefined; readonly data: T })
  | (string extends T ? string : never)
type CommentEvent = { readonly comment: string; readonly event?: undefined; readonly data?: undefined }

/** Somebody who reads a channel's log. None of these throws. */
export interface Subscriber {
  /** Reads what is new. */
  pump(): void
  /** The channel is closed: nothing more will come. */
  close(): void
  /** Whether the reader is gone without having said so. */
  readonly isDead: boolean
  readonly connection: SseConnection | undefined
}

const USER_ID = /^[!-~]{1,128}$/
const PAGE_SIZE = 100

/**
 * A named stream of events with any number of subscribers: broadcast to it from anywhere, give it to `res.sse()`, or
 * iterate over it. It keeps a bounded log, from which whoever reconnects gets what it missed.
 *
 * @typeParam Events the data of each event type, e.g. `{ order: Order; alert: string }`; `message` types unnamed events
 */
export class SseChannel<Events extends object = Record<string, unknown>> implements AsyncIterable<SseEvent> {
  readonly name: string
  /** What holds for connections that stream this channel. */
  readonly settings: ResolvedSettings
  readonly #history: ResolvedHistoryLimits
  readonly #idleChannelMs: number
  readonly #sharedBackplane: Backplane | undefined
  /** @internal */
  readonly manager: SseManager | undefined
  readonly #report: ErrorListener
  readonly #subscribers = new Set<Subscriber>()
  #emitter: EventEmitter | undefined
  #backplane: Backplane | undefined
  #log: Log | undefined
  #subscription: Promise<Unsubscribe> | undefined
  #warming: Promise<void> | undefined
  // What broadcasts wait for, in the order of their calls, while the log is warming.
  #whenWarm: Promise<void> | undefined
  #isFlushScheduled = false
  #isTrimScheduled = false
  #isEnding = false
  #isClosed = false
  #lastEventId: string | undefined
  #usedAt = Date.now()

  /**
   * A channel of its own, that no manager knows; `sseManager.getOrCreate(name)` makes one that can be found again.
   *
   * @throws {TypeError} `name` is no non-empty string
   * @throws {RangeError} an option is out of its range
   */
  constructor(name: string, options: StandaloneChannelOptions = {}, manager?: SseManager) {
    if (typeof name !== 'string' || name === '')
      throw new TypeError(`a channel's name is a non-empty string, not ${String(name)}`)
    const { history, idleChannelMs = manager?.idleChannelMs, backplane = manager?.backplane, onError = warn } = options
    this.name = name
    this.settings = resolveSettings(options, manager?.settings)
    this.#history = resolveHistory(history, manager?.history)
    this.#idleChannelMs =
      idleChannelMs === undefined ? this.#history.maxAgeMs : requireDuration('idleChannelMs', idleChannelMs)
    this.#sharedBackplane = backplane
    this.manager = manager
    this.#report = manager?.report ?? onError
  }

  /** How many read this channel on this node: connections, and iterations over it. */
  get subscriberCount(): number {
    return this.#subscribers.size
  }

  /** The id of the newest event that this node knows of; undefined before the first. */
  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  /** Whether the channel was closed or has ended, so that `broadcast` rejects. */
  get isClosed(): boolean {
    return this.#isClosed || this.#isEnding || this.#log?.endPosition !== undefined
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
  broadcast(event: ChannelEvent<Events>): Promise<string> {
    return observed(this.#broadcast(event as SseEvent | string), this.#report)
  }

  /**
   * The events from now on, as an async iterable; leaving the loop unsubscribes. Its place in the log is taken by this
   * call, so that nothing broadcast after it is missed. Given to `res.sse()` it costs no more than the channel itself.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`: the channel was closed or deleted
   */
  listen(options: ListenOptions = {}): ChannelListener {
    return new ChannelListener(this as SseChannel, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<SseEvent> {
    return this.listen()[Symbol.asyncIterator]()
  }

  /**
   * Broadcasts what an iterable or a stream yields, each once the one before it is accepted: a job's steps, an answer as it
   * is written. Plain objects are events, everything else is data. Resolves when the source has ended.
   *
   * @throws what the source throws, and what `broadcast` throws; the source is then cancelled
   */
  pipeFrom(source: PullSource): Promise<void> {
    return observed(this.#pipe(source), this.#report)
  }

  /**
   * Removes subscribers that are gone without having said so, and says how many there were. Nobody needs to call it:
   * subscribers that leave are removed at once.
   */
  cleanup(): number {
    let removed = 0
    for (const subscriber of this.#subscribers) {
      if (!subscriber.isDead) continue
      subscriber.close()
      removed += 1
    }
    return removed
  }

  /**
   * Ends the channel on every node: subscribers get what is left, then their streams end, and who reconnects with nothing
   * left to read gets `204`, which stops an EventSource. Idempotent.
   *
   * @param event a last one
   * @throws as `broadcast` does; the channel then goes on
   */
  end(event?: ChannelEvent<Events>): Promise<void> {
    return observed(this.#end(event as SseEvent | string | undefined), this.#report)
  }

  /** Ends the streams of this node and gives back the log. A later `broadcast` rejects. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.flush()
    for (const subscriber of this.#subscribers) subscriber.close()
    this.#release()
    this.manager?.closed(this as SseChannel)
  }

  /** Calls the listener after each new or lost subscriber of this node. */
  on(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.#emitter ??= new EventEmitter()
    this.#emitter.on(event, listener)
    return this
  }

  off(event: 'subscribe' | 'unsubscribe', listener: SubscriberListener): this {
    this.#emitter?.off(event, listener)
    return this
  }

  /**
   * Makes the log ready to be read: undefined if it is, else a promise of it.
   *
   * @internal
   * @throws {SseError} `ERR_SSE_CLOSED`, `ERR_SSE_BACKPLANE`
   */
  warm(): Promise<void> | undefined {
    if (this.#isClosed) throw this.#closedError()
    this.#use()
    if (this.#warming !== undefined) return this.#warming
    if (this.#log !== undefined) return undefined
    return this.#open()
  }

  /** The log of a channel that is warm. @internal */
  get log(): Log | undefined {
    return this.#warming === undefined ? this.#log : undefined
  }

  /** A reader's place in the log, which must be warm. @internal */
  cursor(start: StartOptions): Cursor {
    const log = this.#log as Log
    log.trim(Date.now())
    const backplane = this.#sharedBackplane
    // A log of this channel alone has no past but what it holds itself.
    const readPast = backplane && ((afterId: string) => backplane.read(this.name, afterId, PAGE_SIZE))
    return new Cursor(log, start, readPast)
  }

  /** @internal */
  addSubscriber(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
    this.#emit('subscribe', subscriber)
  }

  /** @internal */
  removeSubscriber(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    this.#usedAt = Date.now()
    this.#emit('unsubscribe', subscriber)
  }

  /** @internal */
  get report(): ErrorListener {
    return this.#report
  }

  /** The retained bytes. @internal */
  get historyBytes(): number {
    return this.#log?.bytes ?? 0
  }

  /** Gives back what an idle channel holds, and says whether it holds nothing. @internal */
  sweep(now: number): boolean {
    const log = this.#log
    if (log !== undefined) {
      log.trim(now)
      this.manager?.budget.update(log)
    }
    if (this.#subscribers.size > 0 || this.#warming !== undefined || this.#isFlushScheduled) return false
    const keepsHistory = this.#sharedBackplane === undefined && log?.isExpired(now) === false
    if (keepsHistory || now - this.#usedAt < this.#idleChannelMs) return false
    this.#release()
    return true
  }

  async #broadcast(input: SseEvent | string): Promise<string> {
    return this.#publish({ event: this.#check(input) })
  }

  #check(input: SseEvent | string): SseEvent {
    const { event, body } = checkEvent(input)
    const { id } = event
    if (id !== undefined && !USER_ID.test(id)) {
      throw new SseError(
        'ERR_SSE_INVALID_EVENT',
        `id must be 1–128 characters from ! to ~, not ${JSON.stringify(id.slice(0, 160))}`,
      )
    }
    const { maxEventBytes } = this.settings
    // A UTF-16 unit takes at most three bytes: only what may be too large is measured.
    if (body.length * 3 > maxEventBytes) {
      const size = Buffer.byteLength(idLine(id) + body)
      if (size > maxEventBytes) {
        throw new SseError('ERR_SSE_LIMIT', `the event has ${size} bytes, and maxEventBytes is ${maxEventBytes}`)
      }
    }
    return event
  }

  #publish(input: LogInput): Promise<string> {
    if (this.isClosed) throw this.#closedError()
    this.#use()
    // Without a shared backplane this log is the only one, so it must be there before the event.
    if (this.#log === undefined && this.#sharedBackplane === undefined) void this.#open()
    // Who started to listen before this call must not find the event in its past.
    if (this.#whenWarm !== undefined) return this.#whenWarm.then(() => this.#publishNow(input))
    return this.#publishNow(input)
  }

  async #publishNow(input: LogInput): Promise<string> {
    if (this.#isClosed) throw this.#closedError()
    const id = await (this.#sharedBackplane ?? (this.#backplane as Backplane)).publish(this.name, input)
    if (this.#log === undefined && 'event' in input) this.#lastEventId = id
    return id
  }

  async #end(last: SseEvent | string | undefined): Promise<void> {
    if (this.isClosed) return
    const published = last === undefined ? undefined : this.#broadcast(last)
    // Called in the same turn as the event before it, so that nothing comes between.
    const ended = this.#publish({ end: true })
    this.#isEnding = true
    try {
      await Promise.all([published, ended])
    } finally {
      // From now on the log knows, or it has refused.
      this.#isEnding = false
    }
  }

  async #pipe(source: PullSource): Promise<void> {
    for await (const event of eventsOf(source)) await this.#broadcast(event)
  }

  #open(): Promise<void> | undefined {
    const log = new Log(this.#history, `${newEpoch()}.0`)
    this.#log = log
    const sink: BackplaneSink = {
      entry: (entry) => {
        if (this.#log === log) this.#receive(entry)
      },
      gap: () => {
        if (this.#log === log) this.#append(gapItem())
      },
      origin: (id) => log.startAfter(id),
    }
    // Without a shared backplane the log here is the only copy: the backplane gives but ids and order.
    this.#backplane =
      this.#sharedBackplane ?? memoryBackplane({ history: { maxEvents: 0, maxAgeMs: Number.POSITIVE_INFINITY } })
    const last = Number.isFinite(this.#history.maxEvents) ? this.#history.maxEvents : Number.MAX_SAFE_INTEGER
    const subscription = this.#backplane.subscribe(this.name, { last }, sink)
    this.#subscription = subscription
    // In memory a subscription is live within the call.
    if (this.#sharedBackplane === undefined) return undefined
    const warming = subscription.then(
      () => {
        if (this.#log === log) this.#warming = undefined
      },
      (error: unknown) => {
        if (this.#log === log) this.#release()
        throw error
      },
    )
    this.#warming = warming
    const whenWarm = warming.catch(() => {})
    this.#whenWarm = whenWarm
    // The first callback, so that nobody overtakes those that wait behind it.
    void whenWarm.then(() => {
      if (this.#whenWarm === whenWarm) this.#whenWarm = undefined
    })
    return warming
  }

  #release(): void {
    if (this.#log !== undefined) this.manager?.budget.drop(this.#log)
    this.#log = undefined
    this.#warming = undefined
    this.#subscription?.then((unsubscribe) => unsubscribe()).catch(() => {})
    this.#subscription = undefined
    this.#backplane = undefined
  }

  #receive(entry: LogEntry): void {
    let item: LogItem
    try {
      item = itemOf(entry)
    } catch (error) {
      // What another program put on the broker must not stop the channel; its place is a gap.
      this.#report(error)
      item = gapItem()
    }
    this.#append(item)
    if (item.kind === 'event') this.#lastEventId = item.id
  }

  #append(item: LogItem): void {
    ;(this.#log as Log).append(item)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    // Once a tick, so that all of its events go out in one write: ten awaited broadcasts too, which microtasks would part.
    process.nextTick(flush, this)
  }

  /** Lets every subscriber read what is new. @internal */
  flush(): void {
    this.#isFlushScheduled = false
    const log = this.#log
    if (log === undefined || this.#warming !== undefined) return
    for (const subscriber of this.#subscribers) subscriber.pump()
    this.manager?.budget.update(log)
    if (!log.isOverfull || this.#isTrimScheduled) return
    this.#isTrimScheduled = true
    // Not before readers whose sockets take more in this turn have caught up: a burst longer than the log is no gap to them.
    setImmediate(() => {
      this.#isTrimScheduled = false
      log.trim(Date.now())
      if (this.#log === log) this.manager?.budget.update(log)
    })
  }

  #use(): void {
    this.#usedAt = Date.now()
    if (this.#log === undefined) this.manager?.woke(this as SseChannel)
  }

  #emit(event: 'subscribe' | 'unsubscribe', { connection }: Subscriber): void {
    if (this.#emitter === undefined) return
    try {
      this.#emitter.emit(event, connection)
    } catch (error) {
      this.#report(error)
    }
  }

  #closedError(): SseError {
    return new SseError(
      'ERR_SSE_CLOSED',
      `channel ${JSON.stringify(this.name)} ${this.#isClosed ? 'is closed' : 'has ended'}`,
    )
  }
}

function flush(channel: SseChannel): void {
  channel.flush()
}

/** Where errors go that nobody asked to hear of: a warning of the process, which Node prints. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}
