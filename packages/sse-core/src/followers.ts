import { startInterval } from './async-context.js'
import type { BackplaneSink, LogEntry, SubscriptionStart, Unsubscribe } from './backplane.js'
import { now, wallAheadMs } from './clock.js'
import { Coalescer } from './coalescer.js'
import { Comparison } from './comparison.js'
import { SseError } from './errors.js'
import { Follower } from './follower.js'
import { requireDuration } from './limits.js'
import type { LogNews, SharedLog } from './shared-log.js'
import { inTime } from './time-limit.js'
import { Pace } from './turn.js'

export interface FollowersOptions {
  /** How long one request to the log may take, in ms. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the log, in ms. A missed notification that no other one follows is
   * noticed within twice that time. 0 never compares. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
}

/** The least difference, in ms, by which a clock counts as set, or as different from ours. */
const MIN_SKEW_MS = 2_000

/** A channel whose notifications are received. */
interface Followed {
  readonly followers: Set<Follower>
  /** Compares it with the log: alone, or together with all others. */
  readonly comparison: Comparison
  readonly listening: Promise<void>
}

/**
 * The reading half of a backplane, for any log with a notification channel, called the bell in the code: Redis Streams
 * with Pub/Sub, JetStream with a subscription, a table with `LISTEN`. It reads the newest entries, follows the log,
 * finds what the bell missed, and reports gaps, as the contract of `Backplane` requires. Your backplane adds `publish`.
 */
export class LogFollowers {
  readonly #log: SharedLog
  readonly #timeoutMs: number
  readonly #compareMs: number
  readonly #channels = new Map<string, Followed>()
  // The comparison of all channels, unless each is compared alone.
  readonly #common: Comparison | undefined
  readonly #reading = new Coalescer<readonly LogEntry[] | undefined>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  // How far the log's clock is ahead of `now()`, in ms; undefined while unknown.
  #aheadMs: number | undefined
  // How far it is ahead of `Date.now()`. Both values stay the same until one of the clocks is set.
  #skewMs = 0

  /** @throws {RangeError} an option is out of its range */
  constructor(log: SharedLog, { timeoutMs = 5_000, compareMs = 4_000 }: FollowersOptions = {}) {
    this.#timeoutMs = requireDuration('timeoutMs', timeoutMs)
    this.#compareMs = requireDuration('compareMs', compareMs)
    this.#log = this.#limited(log)
    if (log.isSpread !== true) this.#common = this.#comparisonOf(() => this.#channels.keys())
  }

  /** As `Backplane.subscribe`. */
  async subscribe(channel: string, start: SubscriptionStart, sink: BackplaneSink): Promise<Unsubscribe> {
    this.#requireOpen()
    const { last, maxBytes = Number.MAX_SAFE_INTEGER } = start
    const dating: BackplaneSink = {
      entry: (entry) => sink.entry(this.dated(entry)),
      gap: (id) => sink.gap(id),
      origin: (...args) => sink.origin?.(...args),
    }
    const follower = new Follower(this.#log, channel, dating)
    const followed = this.#follow(channel, follower)
    try {
      await followed.listening
      await follower.start(last, maxBytes)
      // If the backplane was closed in the meantime, the requests failed, or nothing will ever be delivered.
      this.#requireOpen()
    } catch (error) {
      this.#leave(channel, followed, follower)
      this.#requireOpen()
      throw error
    }
    return () => this.#leave(channel, followed, follower)
  }

  /**
   * As `Backplane.read`, for clients that were disconnected for longer than this process remembers. After a restart
   * nearly all of them request the same, and share an answer.
   */
  async read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    this.#requireOpen()
    const question = JSON.stringify([channel, afterId, limit])
    const answer = this.#reading.ask(question, () => this.#log.read(channel, afterId, limit))
    // The request has a time limit of its own, so that one that hangs does not block all later ones. But it may begin
    // late, so the wait for it is limited too.
    const entries = await this.#inTime(answer, 'entries', channel)
    return entries?.map((entry) => this.dated(entry))
  }

  /** To be called for each notification: with its news, or with none if it only says that there is some. */
  hear(channel: string, news?: LogNews): void {
    for (const follower of this.#channels.get(channel)?.followers ?? []) follower.hear(news)
  }

  /**
   * Converts the time of an entry from the log's clock to this process's clock, as it is set now. What `read` returns
   * and what subscriptions get is converted already. Returns the entry as it is if the log's stretches have no `now`,
   * or both clocks agree.
   */
  dated(entry: LogEntry): LogEntry {
    if (this.#aheadMs === undefined) return entry
    const skewMs = this.#aheadMs - wallAheadMs()
    if (Math.abs(skewMs - this.#skewMs) >= MIN_SKEW_MS) this.#skewMs = skewMs
    return this.#skewMs === 0 ? entry : { ...entry, at: entry.at - this.#skewMs, loggedAt: entry.at }
  }

  /**
   * Compares channels with the log at once, for when notifications may have been missed. If that fails, the next
   * comparison tries again.
   *
   * @param channels Default: all channels
   */
  compare(channels: Iterable<string> = this.#channels.keys()): void {
    const comparisons = new Set<Comparison>()
    for (const channel of channels) {
      const followed = this.#channels.get(channel)
      if (followed === undefined) continue
      for (const follower of followed.followers) follower.isQuiet = true
      comparisons.add(followed.comparison)
    }
    void inTurns(comparisons, (comparison) => comparison.runAgain())
  }

  /** Delivers nothing any more, and stops all notifications. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const [channel, followed] of this.#channels) {
      for (const follower of followed.followers) this.#leave(channel, followed, follower)
    }
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new SseError('ERR_SSE_CLOSED', 'the backplane is closed')
  }

  #limited(log: SharedLog): SharedLog {
    return {
      newest: async (channel, last, maxBytes) => {
        const askedAt = now()
        const stretch = await this.#inTime(log.newest(channel, last, maxBytes), 'the newest entries', channel)
        if (stretch.now !== undefined) this.#setClock(stretch.now, askedAt)
        return stretch
      },
      after: (channel, place) => this.#inTime(log.after(channel, place), 'entries', channel),
      read: async (channel, afterId, count) => this.#inTime(log.read(channel, afterId, count), 'entries', channel),
      // Async, so that a log that throws counts as one that rejects.
      listen: async (channel) => this.#inTime(log.listen(channel), 'the bell', channel),
      tails: async (channels) => log.tails(channels),
      isLater: (place, than) => log.isLater(place, than),
      unlisten: (channel) => log.unlisten(channel),
    }
  }

  #inTime<T>(answer: Promise<T>, question: string, channel: string): Promise<T> {
    return inTime(answer, this.#timeoutMs, `${question} of channel ${JSON.stringify(channel)}`)
  }

  /** Notes what the log's clock said at some time between the request and now. */
  #setClock(logNow: number, askedAt: number): void {
    const known = this.#aheadMs
    const [least, most] = [logNow - now(), logNow - askedAt]
    // A difference that the time for the answer explains, or little more, does not mean that a clock was set.
    if (known !== undefined && known > least - MIN_SKEW_MS && known < most + MIN_SKEW_MS) return
    this.#aheadMs = least
  }

  #follow(channel: string, follower: Follower): Followed {
    let followed = this.#channels.get(channel)
    if (followed === undefined) {
      const comparison = this.#common ?? this.#comparisonOf(() => [channel])
      followed = { followers: new Set(), comparison, listening: this.#log.listen(channel) }
      this.#channels.set(channel, followed)
    }
    followed.followers.add(follower)
    if (this.#compareMs > 0) this.#timer ??= startInterval(() => this.#compareQuiet(), this.#compareMs)
    return followed
  }

  #leave(channel: string, followed: Followed, follower: Follower): void {
    follower.close()
    if (!followed.followers.delete(follower) || followed.followers.size > 0) return
    this.#channels.delete(channel)
    this.#log.unlisten(channel)
    if (this.#channels.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #comparisonOf(channels: () => Iterable<string>): Comparison {
    return new Comparison({
      tails: (some) => this.#log.tails(some),
      timeoutMs: this.#timeoutMs,
      takeQuiet: () => this.#takeQuiet(channels()),
      check: (channel, tail) => this.#check(channel, tail),
    })
  }

  #compareQuiet(): void {
    if (this.#common !== undefined) this.#common.run()
    else void inTurns(this.#channels.values(), ({ comparison }) => comparison.run())
  }

  #check(channel: string, tail: string | undefined): void {
    let isBehind = false
    for (const follower of this.#channels.get(channel)?.followers ?? []) isBehind = follower.check(tail) || isBehind
    // A notification was missed, so they may have stopped: subscribe again. If that fails, the next comparison retries.
    if (isBehind) this.#log.listen(channel).catch(() => {})
  }

  /** Returns the channels of which some follower has got no news since the last call. */
  #takeQuiet(channels: Iterable<string>): string[] {
    const quiet: string[] = []
    for (const channel of channels) {
      let isQuiet = false
      for (const follower of this.#channels.get(channel)?.followers ?? []) {
        isQuiet ||= follower.isQuiet && !follower.isOver
        follower.isQuiet = true
      }
      if (isQuiet) quiet.push(channel)
    }
    return quiet
  }
}

/** Calls `ask` for each, with pauses: thousands of requests at once would block the event loop for long. */
async function inTurns<T>(all: Iterable<T>, ask: (each: T) => void): Promise<void> {
  const pace = new Pace()
  for (const each of all) {
    ask(each)
    await pace.step()
  }
}
