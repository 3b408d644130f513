import { outsideRequests } from './async-context.js'
import type { Backplane, LogInput, Unsubscribe } from './backplane.js'
import type { HistoryBudget } from './budget.js'
import { now } from './clock.js'
import { Cursor, placeIn, type StartOptions } from './cursor.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import { snapshotOf } from './event-reading.js'
import { rememberBody } from './event-text.js'
import { Intake } from './intake.js'
import type { ResolvedHistoryLimits } from './limits.js'
import { Log } from './log.js'
import { itemOf, type LogItem } from './log-item.js'

export interface FeedOptions {
  readonly history: ResolvedHistoryLimits
  /** The log that processes share; without it this log is the only one. */
  readonly backplane: Backplane | undefined
  readonly budget: HistoryBudget | undefined
  /** There is something to read; called once a tick. */
  readonly onNews: () => void
  readonly report: (error: unknown) => void
}

/**
 * A channel's log on this node and the subscription that fills it: opened when it is needed, given back when it is not. Of the
 * only log its place stays, so that whoever has its last id has missed nothing.
 */
export class Feed {
  /** The id of the newest event that this node knows of. */
  lastEventId: string | undefined
  readonly #channel: string
  readonly #options: FeedOptions
  // What the log is filled from; of the only log that is nothing.
  readonly #intake: Intake | undefined
  // How many were published from here. Of the only log ids are made of it.
  #sequence = 0
  #acceptedSequence = 0
  #log: Log | undefined
  // The only log while nobody uses it: it holds no event.
  #resting: Log | undefined
  #subscription: Promise<Unsubscribe> | undefined
  #warming: Promise<void> | undefined
  // What is published while the log is warming waits for this, in the order of the calls.
  #whenWarm: Promise<void> | undefined
  // Its end was accepted from here; a log hears of that later, if there is one.
  #wasEnded = false
  #isFlushScheduled = false
  #isSettling = false

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

  /** Whether it holds anything: a log, ready or not. */
  get isOpen(): boolean {
    return this.#log !== undefined
  }

  /** Whether the channel has ended, as far as this node knows. */
  get hasEnded(): boolean {
    return this.#wasEnded || (this.#log ?? this.#resting)?.endPosition !== undefined
  }

  /** Makes the log ready: undefined if it is, else a promise. @throws {SseError} `ERR_SSE_BACKPLANE` */
  warm(): Promise<void> | undefined {
    if (this.#log === undefined) this.#open()
    return this.#warming
  }

  /** A reader's place in the log, which must be ready. */
  cursor(start: StartOptions): Cursor {
    const log = this.#log as Log
    log.trim(now())
    const intake = this.#intake
    // The only log has no past but what it holds itself.
    const cursor = new Cursor(placeIn(log, start, intake && ((afterId) => intake.readPast(afterId))))
    // A 'subscribe' listener may broadcast before the reader's first turn: that must not evict what the reader came for.
    if (log.holdFrom(cursor.position)) this.#settleLater()
    return cursor
  }

  /**
   * Appends to the channel's log, wherever that is; returns the id, or what resolves to it. Calls keep their order.
   *
   * @param body the event's text but for its id, of one that was checked
   * @throws {SseError} `ERR_SSE_CLOSED`: the only log has ended
   */
  publish(input: LogInput, body?: string): string | Promise<string> {
    const { backplane } = this.#options
    if (backplane === undefined) return this.#appendToOnlyLog(input, body)
    if (body !== undefined && 'event' in input) rememberBody({ event: input.event, body })
    // Who started to listen before this call must not find the event in its past.
    if (this.#whenWarm !== undefined) {
      // By then its data may have changed.
      const kept = body !== undefined && 'event' in input ? { event: snapshotOf(input.event, body) } : input
      return this.#whenWarm.then(() => this.#publish(backplane, kept))
    }
    return this.#publish(backplane, input)
  }

  /** Lets readers read what is new at once, rather than at the end of the tick. */
  flush(): void {
    this.#isFlushScheduled = false
    const { log } = this
    if (log === undefined) return
    // Readers may broadcast more, which those before them have not read.
    const { head } = log
    this.#options.onNews()
    if (log.isOverfull) this.#settleLater()
    else this.#settle(log, head)
  }

  /** Evicts what the limits do not allow to keep. */
  trim(now: number): void {
    const log = this.#log
    if (log === undefined) return
    log.trim(now)
    this.#options.budget?.update(log)
  }

  /** Whether it is only in the way: nothing is under way, and nothing would be lost. */
  isDispensable(now: number): boolean {
    if (this.#warming !== undefined || this.#isFlushScheduled) return false
    return this.#options.backplane !== undefined || this.#log?.isExpired(now) !== false
  }

  /** Whether the channel has ended, and its history is over too. */
  isOver(now: number): boolean {
    return this.hasEnded && this.#warming === undefined && this.#log?.isExpired(now) !== false
  }

  /** Gives back what nobody uses, if it is dispensable. Others keep the place of a log that is theirs. */
  rest(): void {
    const only = this.#options.backplane === undefined ? (this.#log ?? this.#resting) : undefined
    this.release()
    only?.shrink()
    this.#resting = only
  }

  /** Gives back the log and the subscription. */
  release(): void {
    if (this.#log !== undefined) this.#options.budget?.drop(this.#log)
    this.#subscription?.then((unsubscribe) => unsubscribe()).catch(() => {})
    this.#log = undefined
    this.#resting = undefined
    this.#warming = undefined
    this.#subscription = undefined
    this.#wasEnded = false
  }

  /** Does at once what otherwise waits for a turn of the event loop that somebody is not giving. */
  #relieve(log: Log): void {
    const { head } = log
    this.flush()
    log.release()
    this.#settle(log, head)
  }

  /**
   * Evicts once the event loop has had a turn: until then readers whose sockets take more have caught up, to whom a burst longer than
   * the log is no gap, and readers that joined have begun to read.
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

  /** Readers have had their turn, up to a position: what is before it may be evicted, and is, if the limits say so. */
  #settle(log: Log, position: number): void {
    // Given back in the meantime.
    if (this.#log !== log) return
    const hasGrown = log.offer(position)
    // First its own limits, then the one that all logs share: a burst is not to cost others their history.
    if (log.isOverfull) log.trim(now())
    if (hasGrown) this.#options.budget?.grow(log)
    else this.#options.budget?.update(log)
  }

  #appendToOnlyLog(input: LogInput, body: string | undefined): string {
    // It must be there before its first event.
    const log = this.#log ?? this.#open()
    if (log.endPosition !== undefined) {
      throw new SseError('ERR_SSE_CLOSED', `channel ${JSON.stringify(this.#channel)} has ended`)
    }
    // What is in no other log needs no date.
    const at = now()
    const isEvent = 'event' in input
    const id = (isEvent ? input.event.id : undefined) ?? `${log.epoch}.${this.#sequence + 1}`
    const item = itemOf(isEvent ? { id, at, event: input.event } : { id, at, end: true }, body, at)
    this.#sequence += 1
    // Before anybody reads it, and perhaps broadcasts the next.
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
      // A broker may answer in another order than it was asked.
      this.#acceptedSequence = sequence
      this.lastEventId = id
    }
    return id
  }

  #open(): Log {
    const log = this.#resting ?? new Log(this.#options.history, newEpoch())
    this.#resting = undefined
    this.#log = log
    if (this.#intake !== undefined) this.#subscribe(this.#intake, log)
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
    // The first callback, so that nobody overtakes those that wait behind it.
    void whenWarm.then(() => {
      if (this.#whenWarm === whenWarm) this.#whenWarm = undefined
    })
  }

  #append(log: Log, item: LogItem): void {
    // Given back in the meantime.
    if (this.#log !== log) return
    log.append(item)
    if (log.isBursting) this.#relieve(log)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    // Once a tick, so that all of its events go out in one write: ten awaited broadcasts too, which microtasks would part.
    process.nextTick(flush, this)
  }
}

function flush(feed: Feed): void {
  feed.flush()
}
