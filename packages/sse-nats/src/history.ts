import type { LogStretch, PlacedEntry } from '@ssekit/sse-core'
import type { Backlog, Page } from './backlog.js'
import { newestMetas, newestWithin } from './backlog.js'
import { ChannelTail, type Finding, TailSnapshot } from './channel-tail.js'
import { entryOf, type StoredMessage } from './messages.js'
import { formatPlace, originId, parsePlace } from './place.js'
import type { Stream } from './stream.js'
import type { StreamSnapshot } from './stream-state.js'

/** How many entries one read returns. */
const PAGE_SIZE = 2_000

/** Up to this many events are read at once; of more, only those that are wanted. */
const FEW = 8

/** The logs of channels in the stream: events on one subject, the end on another. */
export class History {
  readonly #stream: Stream
  readonly #backlog: Backlog

  constructor(stream: Stream, backlog: Backlog) {
    this.#stream = stream
    this.#backlog = backlog
  }

  /** As `SharedLog.newest`. What it learns of the channel's newest message goes to `tail`. */
  async newest(channel: string, last: number, maxBytes: number, tail: ChannelTail): Promise<LogStretch> {
    const { generation } = this.#stream
    const snapshot = await this.#stream.refresh()
    const { found: events, end } = await this.#withEnd(channel, (end) =>
      this.#newestEvents(channel, last, maxBytes, end),
    )
    const newest = end ?? events.at(-1)
    if (newest === undefined) return emptyStretch(snapshot, generation, tail)
    tail.note(snapshot.epoch, generation, newest)
    tail.end = end?.sequence
    this.#stream.noteSequence(newest.sequence)
    const all = before(events, end)
    if (end !== undefined) all.push(end)
    const messages = last === 0 ? [] : all.slice(-last)
    const [first] = messages
    const origin = {
      sequence: first === undefined ? newest.sequence : first.sequence - 1,
      time: (first ?? newest).at ?? 0,
    }
    const { epoch, created, now } = snapshot
    const entries = placed(snapshot, messages, end)
    return { originId: originId(origin, created), entries, place: formatPlace(epoch, newest.sequence), now }
  }

  /** As `SharedLog.after`, with at most `limit` entries. */
  async after(
    channel: string,
    place: string,
    limit: number = PAGE_SIZE,
    tail: ChannelTail = new ChannelTail(),
  ): Promise<readonly PlacedEntry[] | undefined> {
    const { epoch, sequence } = parsePlace(place)
    // Nothing comes after the end, even once the stream has forgotten it.
    if (tail.end === sequence && tail.epoch === epoch) return []
    const { generation, subjects } = this.#stream
    const tailSnapshot = new TailSnapshot(this.#stream, tail, { epoch, sequence })
    if (tailSnapshot.hasFirst) {
      const first = await this.#firstAfter(channel, epoch, tailSnapshot, tail)
      if (first !== undefined) return first
    }
    const subject = subjects.events(channel)
    const { found: page, end } = await this.#withEnd(channel, async () => {
      const newest = await this.#stream.last(subject)
      return this.#backlog.page(subject, sequence + 1, newest?.sequence ?? 0, limit)
    })
    const [oldest, found, snapshot] = await Promise.all([
      page.messages.length === 0 ? undefined : this.#stream.next(subject, 0),
      tailSnapshot.find([subject, subjects.end(channel)]),
      this.#stream.refresh(),
    ])
    if (epoch !== snapshot.epoch) return undefined
    if (tailSnapshot.isContradicted(found, oldest)) {
      this.#stream.startNewEpoch(epoch)
      return undefined
    }
    if (!(await this.#isGapless(subject, sequence, tailSnapshot, found, page, oldest, snapshot))) return undefined
    const messages = before(page.messages, end)
    const isComplete = page.isLast || messages.length < page.messages.length
    if (end !== undefined && end.sequence !== sequence && isComplete && messages.length < limit) messages.push(end)
    if (isComplete) {
      const newest = messages.at(-1)
      if (newest === undefined) tail.noteRead(epoch, generation, sequence)
      else {
        tail.note(epoch, generation, newest)
        this.#stream.noteSequence(newest.sequence)
      }
      if (end !== undefined && (newest === end || end.sequence === sequence)) tail.end = end.sequence
    }
    return placed(snapshot, messages, end)
  }

  /**
   * The event of which a bell said that there was none before it, if nothing can be missing between the place and that;
   * otherwise undefined. These requests are cheap for the server. Searching for what comes after a sequence is not, once
   * the channel has events on both sides of it: ten thousand channels that get their first events at once would take
   * minutes.
   */
  async #firstAfter(
    channel: string,
    epoch: string,
    tailSnapshot: TailSnapshot,
    tail: ChannelTail,
  ): Promise<readonly PlacedEntry[] | undefined> {
    const { generation, subjects } = this.#stream
    const [events, ends] = [subjects.events(channel), subjects.end(channel)]
    const [first, end, found, snapshot] = await Promise.all([
      this.#stream.next(events, 0),
      this.#stream.last(ends),
      tailSnapshot.find([events, ends]),
      this.#stream.refresh(),
    ])
    // What the channel had before it, if anything, was not evicted for its own later events.
    const isFirst = first !== undefined && tailSnapshot.isFirst(first)
    const isBehindEviction = snapshot.firstSequence > tailSnapshot.emptyUpTo + 1
    const isContradicted = epoch !== snapshot.epoch || tailSnapshot.isContradicted(found, first)
    if (!isFirst || end !== undefined || isBehindEviction || isContradicted) return undefined
    tail.note(epoch, generation, first)
    this.#stream.noteSequence(first.sequence)
    return placed(snapshot, [first], undefined)
  }

  /**
   * Reads events, and then whether the channel has ended, so that no event is taken that comes after an unseen end. If
   * it has ended, the events are read once more: some may have been stored after the first read and before the end.
   */
  async #withEnd<T>(
    channel: string,
    read: (end: StoredMessage | undefined) => Promise<T>,
  ): Promise<{ readonly found: T; readonly end: StoredMessage | undefined }> {
    const found = await read(undefined)
    const end = await this.#stream.last(this.#stream.subjects.end(channel))
    return { found: end === undefined ? found : await read(end), end }
  }

  /** The newest events: at least one if there is any. */
  async #newestEvents(
    channel: string,
    last: number,
    maxBytes: number,
    end: StoredMessage | undefined,
  ): Promise<readonly StoredMessage[]> {
    const subject = this.#stream.subjects.events(channel)
    const newest = await this.#stream.last(subject)
    if (newest === undefined) return []
    if (last <= 1) return [newest]
    const few = await this.#backlog.page(subject, 0, newest.sequence, FEW)
    if (few.messages.length === 1 && few.isLast) return few.messages
    const until = newest.sequence
    const messages = few.isLast ? few.messages : await this.#manyEvents(subject, until, last, maxBytes, end)
    // If a message has been evicted by now, messages after it may have been evicted unread.
    const oldest = await this.#stream.next(subject, 0)
    const retained = messages.filter(({ sequence }) => oldest !== undefined && sequence >= oldest.sequence)
    return retained.length === 0 ? [newest] : newestWithin(retained, maxBytes)
  }

  async #manyEvents(
    subject: string,
    newest: number,
    last: number,
    maxBytes: number,
    end: StoredMessage | undefined,
  ): Promise<readonly StoredMessage[]> {
    const metas = newestMetas(await this.#backlog.metas(subject, 0, newest), last, maxBytes, end?.sequence)
    const messages: StoredMessage[] = []
    for (let from = metas[0]?.sequence ?? newest; from <= newest; ) {
      const some = await this.#backlog.many(subject, from, newest, PAGE_SIZE)
      // They have expired meanwhile.
      if (some.length === 0) break
      messages.push(...some)
      from = (some.at(-1) as StoredMessage).sequence + 1
    }
    return messages
  }

  /**
   * Whether no message after `sequence` is missing, neither before the first message that was read nor between them.
   */
  async #isGapless(
    subject: string,
    sequence: number,
    tailSnapshot: TailSnapshot,
    found: Finding,
    { messages }: Page,
    oldest: StoredMessage | undefined,
    { firstSequence, maxEvents }: StreamSnapshot,
  ): Promise<boolean> {
    const [first] = messages
    // The stream evicts its oldest messages first, of any channel.
    const isBehindEviction = firstSequence > tailSnapshot.emptyUpTo + 1
    if (first?.sequence !== sequence + 1 && (await tailSnapshot.isRemoved(found))) return false
    if (first === undefined) return !isBehindEviction
    // Evicted during the read, and perhaps others with it.
    if (oldest === undefined || oldest.sequence > first.sequence) return false
    // Everything from there on still exists.
    if (oldest.sequence < first.sequence || first.sequence === sequence + 1) return true
    if (isBehindEviction) return false
    // A full channel has evicted its own oldest events. Events that were stored since the page was read count too: they
    // may have evicted some before it was read.
    const [last, newest] = [messages.at(-1), await this.#stream.last(subject)]
    const more = await this.#backlog.metas(subject, (last?.sequence ?? 0) + 1, newest?.sequence ?? 0)
    return messages.length + more.length < maxEvents
  }
}

/** A channel that has no messages, or none any more. */
function emptyStretch(snapshot: StreamSnapshot, generation: number, tail: ChannelTail): LogStretch {
  const { epoch, created, lastSequence: sequence, lastTime: time, now } = snapshot
  tail.noteEmpty(snapshot, generation)
  return { originId: originId({ sequence, time }, created), entries: [], place: formatPlace(epoch, tail.sequence), now }
}

/** The events before the end. Those after it were refused and do not count. */
function before(events: readonly StoredMessage[], end: StoredMessage | undefined): StoredMessage[] {
  return events.filter(({ sequence }) => end === undefined || sequence < end.sequence)
}

function placed(
  { epoch, now }: StreamSnapshot,
  messages: readonly StoredMessage[],
  end: StoredMessage | undefined,
): readonly PlacedEntry[] {
  return messages.map((message) => ({
    place: formatPlace(epoch, message.sequence),
    entry: entryOf(message, message === end, now !== undefined),
  }))
}
