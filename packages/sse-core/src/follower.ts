import type { BackplaneSink } from './backplane.js'
import type { LogNews, PlacedEntry, SharedLog } from './shared-log.js'

/**
 * How much news is kept while the log is being read; if there is more, it is read from the log as well. It should be more than
 * comes in during one question: a follower that has to ask again and again while others publish is never back at the bell.
 */
const MAX_PENDING_BYTES = 4 * 1024 * 1024
/** What an entry takes beside its bytes, and what one is thought to have of which that is not known. */
const ENTRY_BYTES = 200
const USUAL_BYTES = 4 * 1024

/** How much is read at once by who has lost its place. */
const MAX_LOST_BYTES = 16 * 1024 * 1024

/** News that come while the log is being read. */
interface Pending {
  readonly news: LogNews[]
  bytes: number
}

/**
 * One subscription's place in a log that is elsewhere. It takes news that follow on its place, and reads the log where they
 * do not: a bell that was missed, rung twice or too early costs a question, never an entry.
 */
export class Follower {
  readonly #log: SharedLog
  readonly #channel: string
  readonly #sink: BackplaneSink
  /** Where it stands; undefined until it has read its first entries. */
  #place: string | undefined
  // Undefined while it does not read.
  #pending: Pending | undefined = { news: [], bytes: 0 }
  // There is more in the log than in the news.
  #isBehind = false
  // There may be more in the log, unless the next news follow on what was read of it.
  #isPartial = false
  #isClosed = false
  #hasEnded = false
  /** Whether it has heard nothing since this was last set. */
  isQuiet = false

  constructor(log: SharedLog, channel: string, sink: BackplaneSink) {
    this.#log = log
    this.#channel = channel
    this.#sink = sink
  }

  /** Whether it delivers nothing any more: nothing comes behind the end. */
  get isOver(): boolean {
    return this.#isClosed || this.#hasEnded
  }

  /** Reads the newest entries. Resolves once it is live. Rejects if the log cannot be read. */
  async start(last: number, maxBytes: number): Promise<void> {
    const { originId, entries, place } = await this.#log.newest(this.#channel, last, maxBytes)
    if (this.#isClosed) return
    this.#sink.origin?.(originId)
    this.#deliver(entries)
    this.#place = place
    await this.#catchUp()
  }

  /** Takes what a bell has said; undefined is a bell that only says that there is news. */
  hear(news: LogNews | undefined): void {
    if (this.isOver) return
    this.isQuiet = false
    if (this.#pending === undefined) {
      // Behind, it could not read what it was told of: news that follow on its place may not follow on that.
      if (news === undefined || this.#isBehind || !this.#take(news)) this.#read(news)
    } else if (news === undefined) this.#isBehind = true
    else this.#keep(news)
  }

  /** Compares its place with the newest of the log, and reads on if they differ, of which it says true. */
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
      // Those that were kept are in the log; these show where to stop reading it.
      pending = { news: [], bytes: 0 }
      this.#pending = pending
      this.#isBehind = true
    }
    pending.news.push(news)
    pending.bytes += bytes
  }

  /** Delivers what is new in it; says false if something is missing before that. */
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
    // The log cannot be read now: the next comparison of places tries again.
    this.#catchUp().catch(() => {})
  }

  /** Reads the log until the pending news follow on its place. If that fails, it stays behind. */
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

  /** Says false if something is missing before what is still pending then. */
  #takePending(): boolean {
    const pending = this.#pending as Pending
    let taken = 0
    // One by one: what it delivers may have more come in.
    for (let news = pending.news[0]; news !== undefined && this.#take(news); news = pending.news[taken]) taken += 1
    const isAll = taken === pending.news.length
    drop(pending, taken)
    return isAll && !this.#isBehind && !this.#isPartial
  }

  async #readOn(): Promise<void> {
    const pending = this.#pending as Pending
    const heard = pending.news.length
    // Whatever is said of more in the log from now on may be later than the answer.
    this.#isBehind = false
    const entries = await this.#log.after(this.#channel, this.#place as string)
    if (this.#isClosed) return
    if (entries === undefined) await this.#startAgain()
    else this.#deliver(entries)
    this.#isPartial = entries !== undefined && entries.length > 0
    if (this.#isPartial) return
    // Nothing is missing before these any more. What does not follow all the same is of another log.
    if (this.#pending === pending) for (const news of drop(pending, heard)) this.#take(news)
  }

  /** Its place is lost: goes on with everything that it has not delivered yet, after a gap. */
  async #startAgain(): Promise<void> {
    const former = this.#place as string
    const { originId, entries, place } = await this.#log.newest(this.#channel, Number.MAX_SAFE_INTEGER, MAX_LOST_BYTES)
    if (this.#isClosed) return
    // Of a log that has lost its newest entries only, the others were delivered before.
    const isNew = ({ place }: PlacedEntry): boolean => this.#log.isLater(place, former)
    const first = entries.findIndex(isNew)
    const before = first === -1 ? entries.at(-1) : entries[first - 1]
    this.#sink.gap(before?.entry.id ?? originId)
    this.#deliver(first === -1 ? [] : entries.slice(first))
    this.#place = place
  }
}

/** Takes the first so many out. */
function drop(pending: Pending, count: number): readonly LogNews[] {
  const dropped = pending.news.splice(0, count)
  for (const news of dropped) pending.bytes -= bytesOf(news)
  return dropped
}

function bytesOf({ entries, bytes = USUAL_BYTES * entries.length }: LogNews): number {
  return bytes + ENTRY_BYTES * entries.length
}
