import type { BackplaneSink } from './backplane.js'
import type { LogNews, PlacedEntry, SharedLog } from './shared-log.js'

/**
 * How many bytes of news are kept while the log is being read; if there are more, they are read from the log too. It
 * should be more than what arrives during one request. Otherwise a follower would have to send request after request
 * while others publish, and could never use notifications again.
 */
const MAX_PENDING_BYTES = 4 * 1024 * 1024
/** The bytes that an entry takes in addition to its own, and how many it is assumed to have if that is not known. */
const ENTRY_BYTES = 200
const USUAL_BYTES = 4 * 1024

/** How many bytes a follower that has lost its place reads at once. */
const MAX_LOST_BYTES = 16 * 1024 * 1024

/** News that arrives while the log is being read. */
interface Pending {
  readonly news: LogNews[]
  bytes: number
}

/**
 * One subscription's place in a log outside the process. It takes news that continues from its place, and otherwise
 * reads the log: a notification that was missed, repeated or early costs a request, never an entry.
 */
export class Follower {
  readonly #log: SharedLog
  readonly #channel: string
  readonly #sink: BackplaneSink
  /** Its place in the log; undefined until it has read its first entries. */
  #place: string | undefined
  // Undefined while it is not reading the log.
  #pending: Pending | undefined = { news: [], bytes: 0 }
  // The log has entries that the news does not have.
  #isBehind = false
  // The log may have more, unless the next news continues from what was read of it.
  #isPartial = false
  #isClosed = false
  #hasEnded = false
  /** Whether it has got no news since this was last set. */
  isQuiet = false

  constructor(log: SharedLog, channel: string, sink: BackplaneSink) {
    this.#log = log
    this.#channel = channel
    this.#sink = sink
  }

  /** Whether it delivers nothing any more: it is closed, or has delivered the end, after which nothing comes. */
  get isOver(): boolean {
    return this.#isClosed || this.#hasEnded
  }

  /** Reads the newest entries. Resolves once it is live. Rejects if the log cannot be read. */
  async start(last: number, maxBytes: number): Promise<void> {
    const { originId, originUniqueId, entries, place } = await this.#log.newest(this.#channel, last, maxBytes)
    if (this.#isClosed) return
    this.#sink.origin?.(originId, originUniqueId)
    this.#deliver(entries)
    this.#place = place
    await this.#catchUp()
  }

  /** Takes the news of a notification; undefined if the notification only says that there is news. */
  hear(news: LogNews | undefined): void {
    if (this.isOver) return
    this.isQuiet = false
    if (this.#pending === undefined) {
      // Behind, it failed to read announced entries. This news may continue from its place, but not from those entries.
      if (news === undefined || this.#isBehind || !this.#take(news)) this.#read(news)
    } else if (news === undefined) this.#isBehind = true
    else this.#keep(news)
  }

  /** Compares its place with the newest one of the log. If they differ, it reads on and returns true. */
  check(tail: string | undefined): boolean {
    const isBehind = !this.isOver && this.#pending === undefined && (this.#isBehind || tail !== this.#place)
    if (isBehind) this.#read(undefined)
    return isBehind
  }

  close(): void {
    this.#isClosed = true
  }

  #keep(news: LogNews): void {
    const bytes = bytesOf(news)
    let pending = this.#pending as Pending
    if (pending.bytes + bytes > MAX_PENDING_BYTES) {
      // What was kept so far is in the log; the latest news shows where to stop reading it.
      pending = { news: [], bytes: 0 }
      this.#pending = pending
      this.#isBehind = true
    }
    pending.news.push(news)
    pending.bytes += bytes
  }

  /** Delivers what is new in the news. Returns false if something is missing before that. */
  #take({ after, entries }: LogNews): boolean {
    const place = this.#place as string
    if (after === place) {
      this.#isPartial = false
      this.#deliver(entries)
      return true
    }
    const index = entries.findIndex((each) => each.place === place)
    if (index !== -1) {
      this.#isPartial = false
      this.#deliver(entries.slice(index + 1))
      return true
    }
    const last = entries.at(-1)?.place
    return last !== undefined && !this.#log.isLater(last, place)
  }

  #deliver(entries: readonly PlacedEntry[]): void {
    for (const { place, entry } of entries) {
      if (this.isOver) return
      this.#place = place
      this.#hasEnded = 'end' in entry
      this.#sink.entry(entry)
    }
  }

  #read(news: LogNews | undefined): void {
    this.#pending = { news: [], bytes: 0 }
    if (news !== undefined) this.#keep(news)
    this.#isBehind = true
    // If the log cannot be read now, the next comparison of places tries again.
    this.#catchUp().catch(() => {})
  }

  /** Reads the log until the pending news continues from its place. If that fails, it stays behind. */
  async #catchUp(): Promise<void> {
    try {
      while (!this.isOver && (this.#isBehind || !this.#takePending())) await this.#readOn()
    } catch (error) {
      this.#isBehind = true
      throw error
    } finally {
      this.#pending = undefined
    }
  }

  /** Delivers pending news. Returns false if the log must be read first, since something may be missing. */
  #takePending(): boolean {
    const pending = this.#pending as Pending
    let taken = 0
    // One by one, since more news may arrive while this is delivered.
    for (let news = pending.news[0]; news !== undefined && this.#take(news); news = pending.news[taken]) taken += 1
    const isAll = taken === pending.news.length
    drop(pending, taken)
    return isAll && !this.#isBehind && !this.#isPartial
  }

  async #readOn(): Promise<void> {
    const pending = this.#pending as Pending
    const heard = pending.news.length
    // What is announced from now on may be newer than the answer.
    this.#isBehind = false
    const entries = await this.#log.after(this.#channel, this.#place as string)
    if (this.#isClosed) return
    if (entries === undefined) await this.#startAgain()
    else this.#deliver(entries)
    this.#isPartial = entries !== undefined && entries.length > 0
    if (this.#isPartial) return
    // Nothing is missing any more before the news that came before the request. If some of it still does not continue
    // from here, it is of another log.
    if (this.#pending === pending) for (const news of drop(pending, heard)) this.#take(news)
  }

  /** Continues after its place was lost: reports a gap, then delivers everything that it has not delivered yet. */
  async #startAgain(): Promise<void> {
    const former = this.#place as string
    const { originId, entries, place } = await this.#log.newest(this.#channel, Number.MAX_SAFE_INTEGER, MAX_LOST_BYTES)
    if (this.#isClosed) return
    // If the log has lost only its newest entries, the others were delivered before.
    const isNew = ({ place }: PlacedEntry): boolean => this.#log.isLater(place, former)
    const first = entries.findIndex(isNew)
    const before = first === -1 ? entries.at(-1) : entries[first - 1]
    this.#sink.gap(before?.entry.id ?? originId)
    this.#deliver(first === -1 ? [] : entries.slice(first))
    this.#place = place
  }
}

/** Removes the first `count` items of news, and returns them. */
function drop(pending: Pending, count: number): readonly LogNews[] {
  const dropped = pending.news.splice(0, count)
  for (const news of dropped) pending.bytes -= bytesOf(news)
  return dropped
}

function bytesOf({ entries, bytes = USUAL_BYTES * entries.length }: LogNews): number {
  return bytes + ENTRY_BYTES * entries.length
}
