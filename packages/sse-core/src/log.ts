import type { LineEnding } from './event.js'
import type { ResolvedHistoryLimits } from './limits.js'
import { type ItemIdentity, isId, type LogItem } from './log-item.js'
import { Packet } from './packet.js'
import { Queue } from './queue.js'

/** Reads the items after an id from where older ones are kept; undefined if that place is not kept. */
export type ReadPast = (afterId: string) => Promise<readonly LogItem[] | undefined>

/** Some of a log's frames, joined for one write. */
export interface Batch {
  readonly packet: Packet
  /** The position after the last of them. */
  readonly end: number
}

/** The size at which a batch is full, in bytes: enough to fill a socket, and little to hold in memory. */
const MAX_BATCH_BYTES = 64 * 1024

/** How far a log may outgrow its limits before the event loop has had a turn. */
const BURST_EVENTS = 10_000
const BURST_BYTES = 16 * 1024 * 1024

/**
 * The bounded ring of a channel's newest events, and the only place that knows what a position is.
 *
 * Positions count up from 0 for as long as the log lives. `oldest` is the first retained position, and `head` the next
 * to be filled. Every position has an id: the last id that a reader at this position has received. So a reader can
 * resume from any of them.
 */
export class Log {
  readonly limits: ResolvedHistoryLimits
  readonly epoch: string
  /** Reads what is older than the log; undefined if it is kept nowhere. */
  readonly readPast: ReadPast | undefined
  /** The size of the retained events, in bytes. */
  bytes = 0
  oldest = 0
  head = 0
  #ring: (LogItem | undefined)[] = new Array<LogItem | undefined>(16)
  #idBeforeOldest: string
  // Whether its publisher chose that id, and the unique one of the same item then, if it is known.
  #hasOwnIdBeforeOldest = false
  #uniqueIdBeforeOldest: string | undefined
  // Built when a reader first resumes: most channels of most processes never need it.
  #positions: Map<string, number> | undefined
  // The further positions of ids that occur more than once.
  #repeats: Map<string, Queue<number>> | undefined
  #endPosition: number | undefined
  #batch: (Batch & { start: number; head: number; eol: LineEnding }) | undefined
  // Everything before this position was offered to all readers: each had its turn to read it. The rest is not evicted.
  #offered = 0
  // The lowest position of readers that joined in this turn of the event loop, and may not have had a turn to read yet.
  // Nothing from here on is evicted either.
  #heldFrom = Number.POSITIVE_INFINITY

  /** @param epoch the prefix of generated ids: the id before the first item is `<epoch>.0` */
  constructor(limits: ResolvedHistoryLimits, epoch: string, readPast?: ReadPast) {
    this.limits = limits
    this.epoch = epoch
    this.readPast = readPast
    this.#idBeforeOldest = `${epoch}.0`
  }

  /**
   * Sets the id before the first item, unless it is set already. Ignored once the log has had an item, or if the id
   * cannot be sent.
   *
   * @param uniqueId if the publisher chose the id, which may then occur more than once
   */
  startAfter(origin: string, uniqueId?: string): void {
    if (this.head > 0 || !isId(origin) || origin === this.#idBeforeOldest) return
    this.#idBeforeOldest = origin
    this.#uniqueIdBeforeOldest = uniqueId === origin ? undefined : uniqueId
    this.#hasOwnIdBeforeOldest = this.#uniqueIdBeforeOldest !== undefined
  }

  /** How many items are retained. */
  get length(): number {
    return this.head - this.oldest
  }

  /** The position of the channel's end, if it has ended. */
  get endPosition(): number | undefined {
    return this.#endPosition
  }

  append(item: LogItem): void {
    // Room is made first, so that events that come one at a time leave nothing to trim.
    if (this.#isFullFor(item)) this.#makeRoomFor(item)
    if (this.length === this.#ring.length) this.#resize(this.length * 2)
    this.#ring[this.head & (this.#ring.length - 1)] = item
    if (this.#positions !== undefined) this.#index(item.id, this.head)
    if (item.kind === 'end') this.#endPosition = this.head
    this.bytes += item.frame?.size ?? 0
    this.head += 1
  }

  /** The item at a retained position. */
  at(position: number): LogItem {
    return this.#ring[position & (this.#ring.length - 1)] as LogItem
  }

  /** The id of a reader that has read everything before this position, which must be retained or the head. */
  idBefore(position: number): string {
    return position <= this.oldest ? this.#idBeforeOldest : this.at(position - 1).id
  }

  /**
   * The position after an id; undefined if the log does not know the id. The known ids are those of retained items and
   * the one before the oldest: a reader with that one has missed nothing. If an id occurs twice, the older one counts.
   */
  positionAfter(id: string): number | undefined {
    if (id === this.#idBeforeOldest) return this.oldest
    if (this.#positions === undefined) {
      this.#positions = new Map()
      for (let position = this.oldest; position < this.head; position++) this.#index(this.at(position).id, position)
    }
    const position = this.#positions.get(id)
    return position === undefined ? undefined : position + 1
  }

  /**
   * The position after an item, if the log has it, or has evicted it last. If the publisher chose the id, the id alone
   * does not identify it.
   */
  positionAfterItem(item: ItemIdentity): number | undefined {
    const first = this.positionAfter(item.id)
    if (first === undefined || !item.hasOwnId) return first
    if (item.uniqueId !== undefined && item.uniqueId === this.#uniqueIdBeforeOldest) return this.oldest
    for (let position = Math.max(first - 1, this.oldest); position < this.head; position++) {
      if (this.at(position).isSame(item)) return position + 1
    }
    return undefined
  }

  /** Whether the publisher chose the id of a reader at this position, which must be retained or the head. */
  hasOwnIdBefore(position: number): boolean {
    return position > this.oldest ? this.at(position - 1).hasOwnId : this.#hasOwnIdBeforeOldest
  }

  /** The unique id of a reader at this position, if the publisher chose the other one. */
  uniqueIdBefore(position: number): string | undefined {
    return position > this.oldest ? this.at(position - 1).uniqueId : this.#uniqueIdBeforeOldest
  }

  /** The id after which the past continues for a reader at this position; undefined if only an id that may occur again is known. */
  pastIdBefore(position: number): string | undefined {
    if (this.readPast === undefined) return undefined
    return this.hasOwnIdBefore(position) ? this.uniqueIdBefore(position) : this.idBefore(position)
  }

  /** The frames from a position to the head, to an item without a frame, or to a full batch; undefined if none. */
  batch(start: number, eol: LineEnding): Batch | undefined {
    // All readers that are up to date have the same position, and share one batch.
    const made = this.#batch
    if (made !== undefined && made.start === start && made.head === this.head && made.eol === eol) return made
    if (start < this.oldest || start >= this.head) return undefined
    const packets: Packet[] = []
    let bytes = 0
    let end = start
    while (end < this.head && bytes < MAX_BATCH_BYTES) {
      const packet = this.at(end).frame?.packet(eol)
      if (packet === undefined) break
      packets.push(packet)
      bytes += packet.size
      end += 1
    }
    if (end === start) return undefined
    this.#batch = { packet: Packet.join(packets), start, end, head: this.head, eol }
    return this.#batch
  }

  /**
   * Notes that all readers had their turn up to a position: only what is before it may be evicted. Returns whether
   * there was anything new for them.
   */
  offer(position: number): boolean {
    if (position <= this.#offered) return false
    this.#offered = position
    return true
  }

  /** Keeps everything from a new reader's position until `release()`. Returns false if nothing there may be evicted. */
  holdFrom(position: number): boolean {
    // This is so for a reader that starts at the head, which thus costs nothing more.
    if (position >= this.#offered) return false
    if (position < this.#heldFrom) this.#heldFrom = position
    return true
  }

  /** Notes that all readers that joined had their turn: nothing is held for them any longer. */
  release(): void {
    this.#heldFrom = Number.POSITIVE_INFINITY
  }

  /** Whether `trim` would evict because of count or size. */
  get isOverfull(): boolean {
    return this.length > this.limits.maxEvents || this.bytes > this.limits.maxBytes
  }

  /** Whether so much came at once that eviction cannot wait until readers had their turn. */
  get isBursting(): boolean {
    return this.length > this.limits.maxEvents + BURST_EVENTS || this.bytes > this.limits.maxBytes + BURST_BYTES
  }

  /** Evicts what exceeds the limits. @param now the time by `now()` */
  trim(now: number): void {
    const expiry = now - this.limits.maxAgeMs
    while (this.length > 0 && (this.isOverfull || this.at(this.oldest).since < expiry) && this.evictOldest());
  }

  /** Whether it holds nothing, or only an end that has expired. */
  isExpired(now: number): boolean {
    return (
      this.length === 0 || (this.endPosition === this.oldest && this.at(this.oldest).since < now - this.limits.maxAgeMs)
    )
  }

  /**
   * Evicts the oldest item, and returns whether it did. An end is never evicted, so that the channel does not look
   * open, and neither is what readers had no turn to read.
   */
  evictOldest(): boolean {
    if (this.oldest === this.#offered || this.oldest === this.#heldFrom) return false
    const item = this.at(this.oldest)
    if (item.kind === 'end') return false
    this.#ring[this.oldest & (this.#ring.length - 1)] = undefined
    this.#batch = undefined
    this.bytes -= item.frame?.size ?? 0
    this.#idBeforeOldest = item.id
    this.#uniqueIdBeforeOldest = item.uniqueId
    this.#hasOwnIdBeforeOldest = item.hasOwnId
    this.oldest += 1
    this.#positions?.delete(item.id)
    this.#indexRepeat(item.id)
    return true
  }

  /** Frees the joined frames, which are kept for the next readers that start at the same position. */
  dropBatch(): void {
    this.#batch = undefined
  }

  /** Frees the room of evicted items, and what is built again when it is needed. */
  shrink(): void {
    let size = 1
    while (size < this.length) size *= 2
    this.#resize(size)
    this.#positions = undefined
    this.#repeats = undefined
    this.dropBatch()
  }

  #isFullFor(item: LogItem): boolean {
    const { maxEvents, maxBytes } = this.limits
    return this.length >= maxEvents || this.bytes + (item.frame?.size ?? 0) > maxBytes
  }

  #makeRoomFor(item: LogItem): void {
    const expiry = item.since - this.limits.maxAgeMs
    while (this.length > 0 && (this.#isFullFor(item) || this.at(this.oldest).since < expiry) && this.evictOldest());
  }

  #index(id: string, position: number): void {
    const positions = this.#positions as Map<string, number>
    if (!positions.has(id)) positions.set(id, position)
    else {
      this.#repeats ??= new Map()
      const repeats = this.#repeats.get(id) ?? new Queue<number>()
      this.#repeats.set(id, repeats)
      repeats.add(position)
    }
  }

  /** Makes the next position of an id, whose oldest one was evicted, the one that counts. */
  #indexRepeat(id: string): void {
    const repeats = this.#repeats?.get(id)
    const position = repeats?.take()
    if (position !== undefined) this.#positions?.set(id, position)
    if (repeats?.length === 0) this.#repeats?.delete(id)
  }

  /** @param size a power of 2 */
  #resize(size: number): void {
    const ring = new Array<LogItem | undefined>(size)
    for (let position = this.oldest; position < this.head; position++) ring[position & (size - 1)] = this.at(position)
    this.#ring = ring
  }
}
