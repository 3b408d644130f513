import type { BackplaneSink, LogEntry, SubscriptionStart, Unsubscribe } from './backplane.js'
import { SseError } from './errors.js'
import { Follower } from './follower.js'
import { requireDuration } from './limits.js'
import type { LogNews, LogStretch, SharedLog } from './shared-log.js'
import { inTime } from './time-limit.js'

export interface FollowersOptions {
  /** How long one question to the log may take, in ms. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined
  /**
   * How often quiet channels are compared with the log, in ms: a bell that was missed, with none after it, is found within
   * twice that time. 0 never compares. @defaultValue 4_000
   */
  readonly compareMs?: number | undefined
}

/** How many channels are compared by one question. */
const COMPARED_AT_ONCE = 500

/** From how much on a clock is another one than ours, in ms. */
const MIN_SKEW_MS = 2_000

/** A channel that the bell rings for. */
interface Followed {
  readonly followers: Set<Follower>
  readonly listening: Promise<void>
}

/**
 * The reading half of a backplane on any log that has a bell: Redis Streams with Pub/Sub, JetStream with a subscription, a
 * table with `LISTEN`. It warms, follows, finds what the bell did not say, and tells of gaps, as the contract of `Backplane`
 * asks; who writes a backplane adds `publish` and `read`.
 */
export class LogFollowers {
  readonly #log: SharedLog
  readonly #timeoutMs: number
  readonly #compareMs: number
  readonly #channels = new Map<string, Followed>()
  #timer: NodeJS.Timeout | undefined
  #comparing: 'no' | 'once' | 'again' = 'no'
  // A question that took too long is still on its way, or waits in a client for its connection.
  #isUnanswered = false
  #isClosed = false
  // How far the log's clock is ahead of ours, in ms. It stays what it first was: an entry has to have the same time whenever it is read.
  #aheadMs: number | undefined

  /** @throws {RangeError} an option is out of its range */
  constructor(log: SharedLog, { timeoutMs = 5_000, compareMs = 4_000 }: FollowersOptions = {}) {
    this.#timeoutMs = requireDuration('timeoutMs', timeoutMs)
    this.#compareMs = requireDuration('compareMs', compareMs)
    this.#log = this.#limited(log)
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

  /** The bell rings: for these news, or to say that there are some. */
  hear(channel: string, news?: LogNews): void {
    for (const follower of this.#channels.get(channel)?.followers ?? []) follower.hear(news)
  }

  /**
   * An entry of the log by this process's clock, for `Backplane.read`: what it delivers to subscriptions is dated so already. The same, if
   * the log's stretches have no `now`, or both clocks agree.
   */
  dated(entry: LogEntry): LogEntry {
    const aheadMs = this.#aheadMs ?? 0
    return aheadMs === 0 ? entry : { ...entry, at: entry.at - aheadMs }
  }

  /** Compares all channels with the log at once: the bell could not be heard for a while. Errors are left to the next time. */
  compare(): void {
    for (const { followers } of this.#channels.values()) for (const follower of followers) follower.isQuiet = true
    if (this.#comparing === 'no') void this.#compareQuiet()
    else this.#comparing = 'again'
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
    const limit = <T>(answer: Promise<T>, question: string, channel: string): Promise<T> =>
      inTime(answer, this.#timeoutMs, `${question} of channel ${JSON.stringify(channel)}`)
    return {
      newest: async (channel, last, maxBytes) => {
        const stretch = await limit(log.newest(channel, last, maxBytes), 'the newest entries', channel)
        this.#setClock(stretch)
        return stretch
      },
      after: (channel, place) => limit(log.after(channel, place), 'entries', channel),
      listen: (channel) => limit(log.listen(channel), 'the bell', channel),
      tails: (channels) => inTime(this.#answered(log.tails(channels)), this.#timeoutMs, 'the newest places'),
      isLater: (place, than) => log.isLater(place, than),
      unlisten: (channel) => log.unlisten(channel),
    }
  }

  #setClock({ now }: LogStretch): void {
    if (now === undefined || this.#aheadMs !== undefined) return
    const aheadMs = now - Date.now()
    // An answer takes its time, and what is no longer than that makes no difference to anybody.
    this.#aheadMs = Math.abs(aheadMs) < MIN_SKEW_MS ? 0 : aheadMs
  }

  async #answered<T>(answer: Promise<T>): Promise<T> {
    this.#isUnanswered = true
    try {
      return await answer
    } finally {
      this.#isUnanswered = false
    }
  }

  #follow(channel: string, follower: Follower): Followed {
    let followed = this.#channels.get(channel)
    if (followed === undefined) {
      followed = { followers: new Set(), listening: this.#log.listen(channel) }
      this.#channels.set(channel, followed)
    }
    followed.followers.add(follower)
    if (this.#compareMs > 0) this.#timer ??= setInterval(() => void this.#compareQuiet(), this.#compareMs).unref()
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

  /** Never rejects. */
  async #compareQuiet(): Promise<void> {
    // More of the same would only pile up, and all be answered at once.
    if (this.#comparing !== 'no' || this.#isUnanswered) return
    do {
      this.#comparing = 'once'
      for (const channels of pages(this.#takeQuiet(), COMPARED_AT_ONCE)) {
        // If the log cannot be asked now, as whoever publishes is told, the next time does.
        const tails = await this.#log.tails(channels).catch(() => undefined)
        if (tails === undefined) break
        this.#check(channels, tails)
      }
    } while (this.#isAskedAgain())
    this.#comparing = 'no'
  }

  #isAskedAgain(): boolean {
    return this.#comparing === 'again'
  }

  #check(channels: readonly string[], tails: readonly (string | undefined)[]): void {
    for (const [index, channel] of channels.entries()) {
      let isBehind = false
      for (const follower of this.#channels.get(channel)?.followers ?? [])
        isBehind = follower.check(tails[index]) || isBehind
      // A bell that was missed may be one that does not ring any more. If it cannot be had now, it is asked for next time.
      if (isBehind) this.#log.listen(channel).catch(() => {})
    }
  }

  /** The channels that somebody has heard nothing of since the last time. */
  #takeQuiet(): string[] {
    const quiet: string[] = []
    for (const [channel, { followers }] of this.#channels) {
      let isQuiet = false
      for (const follower of followers) {
        isQuiet ||= follower.isQuiet
        follower.isQuiet = true
      }
      if (isQuiet) quiet.push(channel)
    }
    return quiet
  }
}

function* pages<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}
