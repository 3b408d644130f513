import type { LineEnding } from './event.js'
import type { Log, ReadPast } from './log.js'
import type { ItemIdentity, LogItem } from './log-item.js'
import type { Packet } from './packet.js'

/** Where a reader starts. */
export interface StartOptions {
  /** The id of the last event that the reader has. A reader without one, or with `''`, is fresh. */
  readonly lastEventId?: string | undefined
  /** How many of the newest events a fresh reader gets first, counted before any filter. @defaultValue 0 */
  readonly rewind?: number | undefined
}

/** What a reader gets next. */
export type Step =
  | { readonly kind: 'event'; readonly item: LogItem }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'end' }

/** The data of `event: sse-gap`, which a reader gets if it cannot get everything after its id. */
export interface Gap {
  /** The last id that the reader had; with several channels on one stream, its part for this channel. */
  readonly lastEventId: string
  /** The id of the first event that follows; null if none is retained. */
  readonly oldestId: string | null
  /** With several channels on one stream, the name of the one that has the gap. */
  readonly channel?: string | undefined
}

/** What a reader that is older than the log needs: it reads pages until it reaches the log. */
interface Past {
  readonly read: ReadPast
  page: LogItem[]
  /** The last item that was read; undefined if only its id is known. */
  last: ItemIdentity | undefined
  isLoading: boolean
  /** The log's head when the last page was empty. */
  loadedAt: number
}

/** Marks a reader whose place is lost, which is reported to it next. */
const LOST: unique symbol = Symbol('lost')

/** Where a reader is in a log. */
export interface Place {
  readonly log: Log
  /** Whether the reader came without an id. */
  readonly isFresh: boolean
  /** The id of the last event that the reader passed; at first whatever the client said. */
  readonly lastId: string
  /** The id after which the reader would read on from the past; undefined if that is not known for certain. */
  readonly pastId: string | undefined
  /** The position of the next item; meaningless while the reader is older than the log. */
  readonly position: number
  /** Why the reader cannot read on from there: it is older than the log, or its place is lost. Usually undefined. */
  readonly trouble: Past | typeof LOST | undefined
}

/** Returns where a reader starts in a log. */
export function placeIn(log: Log, { lastEventId = '', rewind = 0 }: StartOptions): Place {
  const isFresh = lastEventId === ''
  const position = isFresh ? freshPosition(log, rewind) : resumePosition(log, lastEventId)
  if (position !== undefined) {
    const [lastId, pastId] = [log.idBefore(position), log.pastIdBefore(position)]
    return { log, isFresh, lastId, pastId, position, trouble: undefined }
  }
  const trouble = log.readPast === undefined ? LOST : pastAfter(undefined, log.readPast)
  return { log, isFresh, lastId: lastEventId, pastId: undefined, position: log.oldest, trouble }
}

/**
 * A reader's place in a log, and the only thing that it owns. Replay, live delivery and catching up are the same:
 * `next()` until it returns undefined. A reader that is older than the log, because it was away or is slow, reads its
 * way up to the log with `loadPage()`, if the past is kept.
 */
export class Cursor implements Place {
  readonly log: Log
  readonly isFresh: boolean
  position: number
  trouble: Past | typeof LOST | undefined
  // The ids of the place that was kept last, for when the log does not know it.
  #keptId: string
  #keptPastId: string | undefined

  constructor({ log, isFresh, lastId, pastId, position, trouble }: Place) {
    this.log = log
    this.isFresh = isFresh
    this.position = position
    this.trouble = trouble
    this.#keptId = lastId
    this.#keptPastId = pastId
  }

  get lastId(): string {
    // The log knows the id, so the many readers need not note one for each event that they pass.
    return this.#isKnown ? this.log.idBefore(this.position) : this.#keptId
  }

  get pastId(): string | undefined {
    return this.#isKnown ? this.log.pastIdBefore(this.position) : this.#keptPastId
  }

  /** Must be called when the reader had its turn and has not read everything: its place may be evicted from then on. */
  keepPlace(): void {
    this.#keptId = this.lastId
    this.#keptPastId = this.pastId
  }

  /** Whether the reader's place is lost, which is reported to it next. */
  get isLost(): boolean {
    return this.trouble === LOST
  }

  /** Whether only the channel's end is left to read. */
  get isAtEnd(): boolean {
    return this.#isInLog && this.position === this.log.endPosition
  }

  /** Whether there is nothing to read. */
  get isUpToDate(): boolean {
    return this.#isInLog && this.position === this.log.head
  }

  /** Whether `loadPage()` may find more: the page is used up, and the log has grown if the last page was empty. */
  get needsPage(): boolean {
    const past = this.#past
    return past !== undefined && !past.isLoading && past.page.length === 0 && past.loadedAt !== this.log.head
  }

  /** Whether a page is being loaded. */
  get isLoading(): boolean {
    return this.#past?.isLoading === true
  }

  /** Passes the next events, and returns their bytes as the log holds them; undefined if something else is next. */
  takeBatch(eol: LineEnding): Packet | undefined {
    if (!this.#isInLog) return undefined
    const batch = this.log.batch(this.position, eol)
    if (batch === undefined) return undefined
    this.position = batch.end
    return batch.packet
  }

  /** Passes what is next, and returns it; undefined at the log's head, and if a page must be loaded first. */
  next(): Step | undefined {
    const past = this.#past
    if (past !== undefined) return this.#nextOfPage(past)
    const { log } = this
    if (this.trouble === LOST) return this.#gapTo(log.oldest)
    if (this.position < log.oldest) return this.#fallBehind()
    if (this.position === log.head) return undefined
    const item = log.at(this.position)
    if (item.kind === 'gap') return this.#gapTo(this.position)
    this.#moveTo(this.position + 1)
    return item.kind === 'end' ? { kind: 'end' } : { kind: 'event', item }
  }

  /** Loads the next page of the past. If that fails, it rejects with the reason, and the reader stays where it was. */
  async loadPage(): Promise<void> {
    const past = this.#past
    if (past === undefined) return
    const { head } = this.log
    let page: readonly LogItem[] | undefined
    past.isLoading = true
    try {
      // Its id may occur more than once, and the older one counts: a reader that goes on from there gets no further.
      page = await past.read(past.last?.uniqueId ?? this.lastId)
    } finally {
      past.isLoading = false
    }
    if (page === undefined) {
      // No older entry has the reader's id, so if the log knows it, that place counts.
      this.#leavePast(this.#positionInLog(past))
      return
    }
    past.page = [...page]
    if (page.length > 0) return
    // Nothing is newer, so the log either knows the place by now or is about to receive it.
    const position = this.#positionInLog(past)
    if (position === undefined) past.loadedAt = head
    else this.#leavePast(position)
  }

  get #past(): Past | undefined {
    return this.trouble === LOST ? undefined : this.trouble
  }

  get #isInLog(): boolean {
    return this.trouble === undefined
  }

  /** Whether the log knows the reader's place. */
  get #isKnown(): boolean {
    return this.#isInLog && this.position >= this.log.oldest
  }

  /** Where the log continues for a reader of the past; undefined if it does not know the reader's place. */
  #positionInLog({ last }: Past): number | undefined {
    const { log } = this
    const position = last === undefined ? log.positionAfter(this.lastId) : log.positionAfterItem(last)
    // A reader with the id of the end itself is still at the end.
    return position && Math.min(position, log.endPosition ?? position)
  }

  /** Continues at a position; everything before it has been read. */
  #moveTo(position: number): void {
    this.position = position
    this.keepPlace()
  }

  #nextOfPage(past: Past): Step | undefined {
    const { page } = past
    const item = page.shift()
    if (item === undefined) return undefined
    past.last = item
    const { lastId } = this
    const [next] = page
    const met = this.log.positionAfterItem(item)
    if (met !== undefined) this.#leavePast(met)
    else this.#keptId = item.id
    if (item.kind === 'gap') return { kind: 'gap', gap: { lastEventId: lastId, oldestId: next?.id ?? null } }
    return item.kind === 'end' ? { kind: 'end' } : { kind: 'event', item }
  }

  /** What is next was evicted: it is read from the past, or there is a gap. */
  #fallBehind(): Step | undefined {
    const { readPast, oldest } = this.log
    const pastId = this.#keptPastId
    if (readPast === undefined || pastId === undefined) return this.#gapTo(oldest)
    const id = this.#keptId
    const hasOwnId = id !== pastId
    const uniqueId = hasOwnId ? pastId : undefined
    this.trouble = pastAfter({ id, hasOwnId, uniqueId, at: Number.NaN, previousId: undefined }, readPast)
    return undefined
  }

  #leavePast(position: number | undefined): void {
    this.trouble = position === undefined ? LOST : undefined
    if (position !== undefined) this.#moveTo(position)
  }

  #gapTo(position: number): Step {
    const { log, lastId } = this
    let next = position
    while (next < log.head && log.at(next).kind === 'gap') next += 1
    this.trouble = undefined
    this.#moveTo(next)
    const oldestId = next < log.head ? log.at(next).id : null
    return { kind: 'gap', gap: { lastEventId: lastId, oldestId } }
  }
}

/** The past of a reader, from the last item that it has read. */
function pastAfter(last: ItemIdentity | undefined, read: ReadPast): Past {
  return { read, page: [], last, isLoading: false, loadedAt: -1 }
}

function resumePosition(log: Log, id: string): number | undefined {
  const position = log.positionAfter(id)
  if (position === undefined) return undefined
  // A publisher may have given its own id to an older event too, which then counts. Only the past can tell.
  if (log.readPast !== undefined && log.hasOwnIdBefore(position)) return undefined
  // A reader with the id of the end itself is still at the end.
  return Math.min(position, log.endPosition ?? position)
}

function freshPosition(log: Log, rewind: number): number {
  // A fresh reader of an ended channel gets all that is left, since it cannot get it later.
  if (rewind === 0) return log.endPosition === undefined ? log.head : log.oldest
  return Math.max(log.oldest, (log.endPosition ?? log.head) - rewind)
}
