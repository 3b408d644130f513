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
  /** How long one question to the log may take, in ms. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the log, in ms: a bell that was missed, with none after it, is found within
   * twice that time. 0 never compares. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
}

/** From how much on a clock is another one than ours, or was set, in ms. */
const MIN_SKEW_MS = 2_000

/** A channel that the bell rings for. */
interface Followed {
  readonly followers: Set<Follower>
  /** How it is compared with the log: on its own, or with all others. */
  readonly comparison: Comparison
  readonly listening: Promise<void>
}

/**
 * The reading half of a backplane on any log that has a bell: Redis Streams with Pub/Sub, JetStream with a subscription, a
 * table with `LISTEN`. It warms, follows, finds what the bell did not say, and tells of gaps, as the contract of `Backplane`
 * asks; who writes a backplane adds `publish`.
 */
export class LogFollowers {
  readonly #log: SharedLog
  readonly #timeoutMs: number
  readonly #compareMs: number
  readonly #channels = new Map<string, Followed>()
  // That of all channels, where they are not compared one by one.
  readonly #common: Comparison | undefined
  readonly #reading = new Coalescer<readonly LogEntry[] | undefined>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  // How far the log's clock is ahead of `now()`, in ms; undefined while that is not known.
  #aheadMs: number | undefined
  // And how far of `Date.now()`. Both stay what they are until one of the clocks is set.
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
      origin: (id) => sink.origin?.(id),
    }
    const follower = new Follower(this.#log, channel, dating)
    const followed = this.#follow(channel, follower)
    try {
      await followed.listening
      await follower.start(last, maxBytes)
      // It was closed meanwhile: what was asked for then has failed, or is never delivered to.
      this.#requireOpen()
    } catch (error) {
      this.#leave(channel, followed, follower)
      this.#requireOpen()
      throw error
    }
    return () => this.#leave(channel, followed, follower)
  }

  /**
   * As `Backplane.read`: for clients that were away for longer than this process remembers. After a restart nearly all of them ask the same, and
   * share an answer.
   */
  async read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    this.#requireOpen()
    const question = JSON.stringify([channel, afterId, limit])
    const answer = this.#reading.ask(question, () => this.#log.read(channel, afterId, limit))
    // The question itself is limited too, or one that hangs would keep everybody after it from asking. But it may have begun late.
    const entries = await this.#inTime(answer, 'entries', channel)
    return entries?.map((entry) => this.dated(entry))
  }

  /** The bell rings: for these news, or to say that there are some. */
  hear(channel: string, news?: LogNews): void {
    for (const follower of this.#channels.get(channel)?.followers ?? []) follower.hear(news)
  }

  /**
   * An entry of the log by this process's clock, as that is set now: so is what `read` returns and what subscriptions are given. The same, if the
   * log's stretches have no `now`, or both clocks agree.
   */
  dated(entry: LogEntry): LogEntry {
    if (this.#aheadMs === undefined) return entry
    const skewMs = this.#aheadMs - wallAheadMs()
    if (Math.abs(skewMs - this.#skewMs) >= MIN_SKEW_MS) this.#skewMs = skewMs
    return this.#skewMs === 0 ? entry : { ...entry, at: entry.at - this.#skewMs, loggedAt: entry.at }
  }

  /**
   * Compares channels with the log at once: the bell could not be heard for a while. Errors are left to the next time.
   *
   * @param channels Default: all
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

  /** Delivers nothing any more, and has the bell stop. */
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
      // Async, as one that throws is as one that rejects.
      listen: async (channel) => this.#inTime(log.listen(channel), 'the bell', channel),
      tails: async (channels) => log.tails(channels),
      isLater: (place, than) => log.isLater(place, than),
      unlisten: (channel) => log.unlisten(channel),
    }
  }

  #inTime<T>(answer: Promise<T>, question: string, channel: string): Promise<T> {
    return inTime(answer, this.#timeoutMs, `${question} of channel ${JSON.stringify(channel)}`)
  }

  /** Notes what the log's clock said some time between the question and now. */
  #setClock(logNow: number, askedAt: number): void {
    const known = this.#aheadMs
    const [least, most] = [logNow - now(), logNow - askedAt]
    // An answer takes its time: what that may explain, and little more, is no other clock.
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
    // A bell that was missed may be one that does not ring any more. If it cannot be had now, it is asked for next time.
    if (isBehind) this.#log.listen(channel).catch(() => {})
  }

  /** Those that somebody has heard nothing of since the last time. */
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

/** Thousands of questions of their own would keep the event loop for long. */
async function inTurns<T>(all: Iterable<T>, ask: (each: T) => void): Promise<void> {
  const pace = new Pace()
  for (const each of all) {
    ask(each)
    await pace.step()
  }
}
