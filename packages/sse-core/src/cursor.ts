import type { LineEnding } from './event.js'
import type { Log } from './log.js'
import type { LogItem } from './log-item.js'
import type { Packet } from './packet.js'

/** Where a reader starts. */
export interface StartOptions {
  /** The id of the last event that the reader has; none or `''` is a fresh reader. */
  readonly lastEventId?: string | undefined
  /** How many of the newest events a fresh reader gets first, before any filter. @defaultValue 0 */
  readonly rewind?: number | undefined
}

/** What a reader comes upon next. */
export type Step =
  | { readonly kind: 'event'; readonly item: LogItem }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'end' }

/** What a reader is told who cannot be given everything after its id: `event: sse-gap` with this as its data. */
export interface Gap {
  /** The last id that the reader had; of several channels on one stream, what it says of this one. */
  readonly lastEventId: string
  /** The id of the first event that follows; null if none is retained. */
  readonly oldestId: string | null
}

/** The items after an id, from wherever the log's past is kept; undefined where it is not kept. */
export type ReadPast = (afterId: string) => Promise<readonly LogItem[] | undefined>

/** What a reader needs that is older than the log: it lives on pages until it meets it. */
interface Past {
  readonly read: ReadPast
  page: LogItem[]
  isLoading: boolean
  /** The log's head when the last page was empty. */
  loadedAt: number
}

/** Of a reader whose place is lost, of which it is told next. */
const LOST: unique symbol = Symbol('lost')

/** Where a reader stands. */
export interface Place {
  readonly log: Log
  /** Whether the reader came without an id. */
  readonly isFresh: boolean
  /** The id of the last event that was passed; at first whatever the client said. */
  readonly lastId: string
  /** The position of what comes next; meaningless while the reader is older than the log. */
  readonly position: number
  /** Why it does not read on from there: the usual reader is neither older than the log nor lost. */
  readonly trouble: Past | typeof LOST | undefined
}

/** Where a reader starts in a log. */
export function placeIn(
  log: Log,
  { lastEventId = '', rewind = 0 }: StartOptions,
  readPast: ReadPast | undefined,
): Place {
  const isFresh = lastEventId === ''
  const position = isFresh ? freshPosition(log, rewind) : resumePosition(log, lastEventId, readPast)
  if (position !== undefined) return { log, isFresh, lastId: log.idBefore(position), position, trouble: undefined }
  const trouble = readPast === undefined ? LOST : { read: readPast, page: [], isLoading: false, loadedAt: -1 }
  return { log, isFresh, lastId: lastEventId, position: log.oldest, trouble }
}

/**
 * A reader's place in a log, and the only thing it owns. Replay, live delivery and catching up are all `next()` until it
 * returns undefined. A reader that is older than the log reads its way up to it with `loadPage()`.
 */
export class Cursor implements Place {
  readonly log: Log
  readonly isFresh: boolean
  position: number
  trouble: Past | typeof LOST | undefined
  // The id where it stood when `keepPlace()` was called: it counts once the log does not know it.
  #keptId: string

  constructor({ log, isFresh, lastId, position, trouble }: Place) {
    this.log = log
    this.isFresh = isFresh
    this.position = position
    this.trouble = trouble
    this.#keptId = lastId
  }

  get lastId(): string {
    // The log knows it. A reader would have to note it for each event that passes, and there are many readers.
    const isKnown = this.#isInLog && this.position >= this.log.oldest
    return isKnown ? this.log.idBefore(this.position) : this.#keptId
  }

  /** To be called whenever the reader had its turn and has not read all that there is: from then on its place may be evicted. */
  keepPlace(): void {
    this.#keptId = this.lastId
  }

  /** Whether the reader's place is lost, of which it is told next. */
  get isLost(): boolean {
    return this.trouble === LOST
  }

  /** Whether nothing but the channel's end is left to read. */
  get isAtEnd(): boolean {
    return this.#isInLog && this.position === this.log.endPosition
  }

  /** Whether there is nothing to read. */
  get isUpToDate(): boolean {
    return this.#isInLog && this.position === this.log.head
  }

  /** Whether `loadPage()` may find more: there is nothing to read on, and the log has moved since the last look. */
  get needsPage(): boolean {
    const past = this.#past
    return past !== undefined && !past.isLoading && past.page.length === 0 && past.loadedAt !== this.log.head
  }

  /** Whether a page is on its way. */
  get isLoading(): boolean {
    return this.#past?.isLoading === true
  }

  /** The next events' bytes as they stand in the log, which the cursor then has passed; undefined if something else is next. */
  takeBatch(eol: LineEnding): Packet | undefined {
    if (!this.#isInLog) return undefined
    const batch = this.log.batch(this.position, eol)
    if (batch === undefined) return undefined
    this.position = batch.end
    return batch.packet
  }

  /** What comes next, which the cursor then has passed; undefined at the head, and where a page must be loaded first. */
  next(): Step | undefined {
    const past = this.#past
    if (past !== undefined) return this.#nextOfPage(past)
    const { log } = this
    if (this.trouble === LOST || this.position < log.oldest) return this.#gapTo(log.oldest)
    if (this.position === log.head) return undefined
    const item = log.at(this.position)
    if (item.kind === 'gap') return this.#gapTo(this.position)
    this.#moveTo(this.position + 1)
    return item.kind === 'end' ? { kind: 'end' } : { kind: 'event', item }
  }

  /** Reads on in the past. If that cannot be done it rejects with why, and the reader stands where it stood. */
  async loadPage(): Promise<void> {
    const past = this.#past
    if (past === undefined) return
    const { head } = this.log
    let page: readonly LogItem[] | undefined
    past.isLoading = true
    try {
      page = await past.read(this.lastId)
    } finally {
      past.isLoading = false
    }
    if (page === undefined) {
      this.#leavePast(undefined)
      return
    }
    past.page = [...page]
    if (page.length > 0) return
    // Nothing is newer, so the log either knows the place by now or is about to hear of it.
    const position = this.log.positionAfter(this.lastId)
    if (position === undefined) past.loadedAt = head
    else this.#leavePast(position)
  }

  get #past(): Past | undefined {
    return this.trouble === LOST ? undefined : this.trouble
  }

  get #isInLog(): boolean {
    return this.trouble === undefined
  }

  /** Goes on at a position, everything before it being read. */
  #moveTo(position: number): void {
    this.position = position
    this.keepPlace()
  }

  #nextOfPage({ page }: Past): Step | undefined {
    const item = page.shift()
    if (item === undefined) return undefined
    const { lastId } = this
    const [next] = page
    const met = this.log.positionAfterItem(item)
    if (met !== undefined) this.#leavePast(met)
    else this.#keptId = item.id
    if (item.kind === 'gap') return { kind: 'gap', gap: { lastEventId: lastId, oldestId: next?.id ?? null } }
    return item.kind === 'end' ? { kind: 'end' } : { kind: 'event', item }
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

function resumePosition(log: Log, id: string, readPast: ReadPast | undefined): number | undefined {
  const position = log.positionAfter(id)
  if (position === undefined) return undefined
  const item = position > log.oldest ? log.at(position - 1) : undefined
  // An id that its publisher gave may have been given before, and then the older one counts: that is for the past to say.
  if (readPast !== undefined && item?.hasOwnId) return undefined
  // Whoever has the end itself stands at it still.
  return Math.min(position, log.endPosition ?? position)
}

function freshPosition(log: Log, rewind: number): number {
  // Whoever comes late to what has ended gets what is left of it: there is no other time for it.
  if (rewind === 0) return log.endPosition === undefined ? log.head : log.oldest
  return Math.max(log.oldest, (log.endPosition ?? log.head) - rewind)
}
