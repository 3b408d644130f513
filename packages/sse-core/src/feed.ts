import { outsideRequests } from './async-context.js'
import type { Backplane, LogInput, Unsubscribe } from './backplane.js'
import type { HistoryBudget } from './budget.js'
import { now } from './clock.js'
import { Cursor, placeIn, type StartOptions } from './cursor.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import { snapshotOf } from './event-reading.js'
import { type CheckedEvent, rememberBody } from './event-text.js'
import { Intake } from './intake.js'
import type { ResolvedHistoryLimits } from './limits.js'
import { Log } from './log.js'
import { itemOf, type LogItem } from './log-item.js'
import type { ErrorListener } from './report.js'

type LogEnd = Extract<LogInput, { readonly end: true }>

export interface FeedOptions {
  readonly history: ResolvedHistoryLimits
  /** The log that processes share; without it, the channel's own log is the only one. */
  readonly backplane: Backplane | undefined
  readonly budget: HistoryBudget | undefined
  /** Called when readers should read what is new: at the end of a tick, in a burst, and on close. */
  readonly onNews: () => void
  readonly report: ErrorListener
}

/**
 * A channel's log on this node, and the backplane subscription that fills it. Both are opened when needed and released
 * when idle. Without a backplane this log is the only one. Its position then survives, so that a client with its last
 * id has missed nothing.
 */
export class Feed {
  /** The id of the newest event that this node knows of. */
  lastEventId: string | undefined
  readonly #channel: string
  readonly #options: FeedOptions
  // Fills the log; undefined without a backplane.
  readonly #intake: Intake | undefined
  // How many entries this node has published. Without a backplane, ids are made from it.
  #sequence = 0
  #acceptedSequence = 0
  #log: Log | undefined
  // The log of an idle channel without a backplane: it holds no event.
  #resting: Log | undefined
  #subscription: Promise<Unsubscribe> | undefined
  #warming: Promise<void> | undefined
  // Calls to `publish()` wait for this while the log is warming, and keep their order.
  #whenWarm: Promise<void> | undefined
  // The backplane has accepted an end from this node. The log, if one is open, may receive it later.
  #wasEnded = false
  #isFlushScheduled = false
  #isSettling = false
  // The log has just become ready. Those who waited for it have not had a turn to read it.
  #isAwaited = false

  constructor(channel: string, options: FeedOptions) {
    this.#channel = channel
    this.#options = options
    const { backplane, report } = options
    this.#intake = backplane && new Intake(backplane, channel, report)
  }

  /** The log, if it is ready to be read. */
  get log(): Log | undefined {
    return this.#warming === undefined ? this.#log : undefined
  }

  /** Whether it has a log, ready or not. */
  get isOpen(): boolean {
    return this.#log !== undefined
  }

  /** Whether the channel has ended, as far as this node knows. */
  get hasEnded(): boolean {
    return this.#wasEnded || (this.#log ?? this.#resting)?.endPosition !== undefined
  }

  /** Makes the log ready. Returns undefined if it is, else a promise. @throws {SseError} `ERR_SSE_BACKPLANE` */
  warm(): Promise<void> | undefined {
    if (this.#log === undefined) this.#open()
    return this.#warming
  }

  /** Creates a reader's cursor in the log, which must be ready. */
  cursor(start: StartOptions): Cursor {
    const log = this.#log as Log
    log.trim(now())
    const cursor = new Cursor(placeIn(log, start))
    // A 'subscribe' listener may broadcast before the reader's first turn. That must not evict what it resumes from.
    if (log.holdFrom(cursor.position)) this.#settleLater()
    return cursor
  }

  /**
   * Appends to the log at the backplane, or to the channel's own. Returns the id, or a promise of it. Calls keep their
   * order.
   *
   * @throws {SseError} `ERR_SSE_CLOSED`: there is no backplane, and the log has ended
   */
  publish(input: CheckedEvent | LogEnd): string | Promise<string> {
    const { backplane } = this.#options
    if (backplane === undefined) return this.#appendToOnlyLog(input)
    if ('event' in input) rememberBody(input)
    if (this.#whenWarm === undefined) return this.#publish(backplane, 'event' in input ? { event: input.event } : input)
    // A reader that started to listen before this call must get the event, so its cursor must be made first. By then the
    // caller may have changed the event's data.
    const kept = 'event' in input ? { event: snapshotOf(input.event, input.body) } : input
    return this.#whenWarm.then(() => this.#publish(backplane, kept))
  }

  /** Lets readers read what is new now, rather than at the end of the tick. */
  flush(): void {
    this.#isFlushScheduled = false
    const { log } = this
    if (log === undefined) return
    // Readers may broadcast. Those that were pumped before have not read that yet.
    const { head } = log
    this.#options.onNews()
    if (log.isOverfull) this.#settleLater()
    else this.#settle(log, head)
  }

  /** Evicts what exceeds the limits, and frees what is built again when it is needed. To be called now and then. */
  trim(now: number): void {
    const log = this.#log
    if (log === undefined) return
    log.trim(now)
    log.dropBatch()
    this.#options.budget?.update(log)
  }

  /** Whether it may be released: nothing is under way, and no history would be lost. */
  isDispensable(now: number): boolean {
    if (this.#isWaitedFor || this.#isFlushScheduled) return false
    return this.#options.backplane !== undefined || this.#log?.isExpired(now) !== false
  }

  /** Whether the channel has ended and its history has expired. */
  isOver(now: number): boolean {
    return this.hasEnded && !this.#isWaitedFor && this.#log?.isExpired(now) !== false
  }

  /** Releases the log and the subscription. Without a backplane, the emptied log is kept for its position. */
  rest(): void {
    const only = this.#options.backplane === undefined ? (this.#log ?? this.#resting) : undefined
    this.release()
    only?.shrink()
    this.#resting = only
  }

  /** Releases the log and the subscription. */
  release(): void {
    if (this.#log !== undefined) this.#options.budget?.drop(this.#log)
    this.#subscription?.then((unsubscribe) => unsubscribe()).catch(() => {})
    this.#log = undefined
    this.#resting = undefined
    this.#warming = undefined
    this.#subscription = undefined
    this.#wasEnded = false
  }

  /** Whether somebody waits for the log. */
  get #isWaitedFor(): boolean {
    return this.#warming !== undefined || this.#isAwaited
  }

  /** Flushes and evicts at once, in a burst that does not yield to the event loop. */
  #relieve(log: Log): void {
    const { head } = log
    this.flush()
    log.release()
    this.#settle(log, head)
  }

  /**
   * Evicts after a turn of the event loop. By then readers whose sockets accept more have caught up, so that a burst
   * longer than the log causes them no gap, and new readers have begun to read.
   */
  #settleLater(): void {
    if (this.#isSettling) return
    this.#isSettling = true
    setImmediate(() => {
      this.#isSettling = false
      const log = this.#log
      if (log === undefined) return
      log.release()
      this.#settle(log, log.head)
    })
  }

  /** Notes that readers had their turn up to a position, and evicts what exceeds the limits before it. */
  #settle(log: Log, position: number): void {
    // The log was released in the meantime.
    if (this.#log !== log) return
    const hasGrown = log.offer(position)
    // Its own limits first, then the one that all logs share: a burst must not cost other channels their history.
    if (log.isOverfull) log.trim(now())
    if (hasGrown) this.#options.budget?.grow(log)
    else this.#options.budget?.update(log)
  }

  #appendToOnlyLog(input: CheckedEvent | LogEnd): string {
    // The log must exist before its first event: no backplane would deliver that later.
    const log = this.#log ?? this.#open()
    if (log.endPosition !== undefined) {
      throw new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(this.#channel)} has ended`)
    }
    // An entry that no other node reads needs no wall-clock time.
    const at = now()
    const isEvent = 'event' in input
    const id = (isEvent ? input.event.id : undefined) ?? `${log.epoch}.${this.#sequence + 1}`
    const item = isEvent
      ? itemOf({ id, at, event: input.event }, input.body, at)
      : itemOf({ id, at, end: true }, undefined, at)
    this.#sequence += 1
    // Before readers get the event, since one of them may broadcast the next.
    if (isEvent) this.lastEventId = id
    this.#append(log, item)
    return id
  }

  async #publish(backplane: Backplane, input: LogInput): Promise<string> {
    this.#sequence += 1
    const sequence = this.#sequence
    const id = await backplane.publish(this.#channel, input)
    if ('end' in input) this.#wasEnded = true
    else if (this.#log === undefined && sequence > this.#acceptedSequence) {
      // A broker may answer in a different order.
      this.#acceptedSequence = sequence
      this.lastEventId = id
    }
    return id
  }

  #open(): Log {
    const intake = this.#intake
    const readPast = intake && ((afterId: string) => intake.readPast(afterId))
    const log = this.#resting ?? new Log(this.#options.history, newEpoch(), readPast)
    this.#resting = undefined
    this.#log = log
    if (intake !== undefined) this.#subscribe(intake, log)
    return log
  }

  #subscribe(intake: Intake, log: Log): void {
    const append = (item: LogItem): void => {
      if (item.kind === 'event') this.lastEventId = item.id
      this.#append(log, item)
    }
    const subscription = outsideRequests(() => intake.subscribe(log, append))
    this.#subscription = subscription
    this.#warm(log, subscription)
  }

  #warm(log: Log, subscription: Promise<Unsubscribe>): void {
    this.#warming = subscription.then(
      () => {
        if (this.#log !== log) return
        this.#warming = undefined
        this.#isAwaited = true
        setImmediate(() => {
          this.#isAwaited = false
        })
        // Nobody reads it yet.
        this.#settle(log, log.head)
      },
      (error: unknown) => {
        if (this.#log === log) this.release()
        throw error
      },
    )
    const whenWarm = this.#warming.catch(() => {})
    this.#whenWarm = whenWarm
    // One turn of the microtask queue after the calls that wait for it: one of them may lead to another call, which would
    // overtake those after it.
    void whenWarm
      .then(() => {})
      .then(() => {
        if (this.#whenWarm === whenWarm) this.#whenWarm = undefined
      })
  }

  #append(log: Log, item: LogItem): void {
    // The log was released in the meantime.
    if (this.#log !== log) return
    log.append(item)
    if (log.isBursting) this.#relieve(log)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    // Once a tick, so that its events are sent in one write. With microtasks, ten awaited broadcasts would take ten.
    process.nextTick(flush, this)
  }
}

function flush(feed: Feed): void {
  feed.flush()
}
