import type { LogEntry, LogStretch, PlacedEntry, SharedLog } from '@ssekit/sse-core'
import { Backlog } from './backlog.js'
import { Bells, type HearBell } from './bells.js'
import { ChannelTail } from './channel-tail.js'
import { History } from './history.js'
import { IdReader } from './id-reader.js'
import { markOf, type StoredMessage } from './messages.js'
import { formatPlace, parsePlace } from './place.js'
import type { Stream } from './stream.js'
import type { StreamSnapshot } from './stream-state.js'

/** The channels' logs in a JetStream stream, and the bells of followed channels. */
export class NatsLog implements SharedLog {
  readonly #stream: Stream
  readonly #history: History
  readonly #idReader: IdReader
  readonly #bells: Bells

  constructor(stream: Stream, hear: HearBell) {
    this.#stream = stream
    this.#bells = new Bells(stream, hear)
    const backlog = new Backlog(stream)
    this.#history = new History(stream, backlog)
    this.#idReader = new IdReader(stream, this.#history, backlog)
  }

  /** Whether this node follows any channel. */
  get isFollowed(): boolean {
    return this.#bells.isAny
  }

  newest(channel: string, last: number, maxBytes: number): Promise<LogStretch> {
    return this.#history.newest(channel, last, maxBytes, this.#bells.tail(channel) ?? new ChannelTail())
  }

  after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined> {
    return this.#history.after(channel, place, undefined, this.#bells.tail(channel))
  }

  read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    return this.#idReader.read(channel, afterId, limit)
  }

  async tails(channels: readonly string[]): Promise<readonly (string | undefined)[]> {
    const { generation } = this.#stream
    const snapshot = await this.#stream.refresh()
    return Promise.all(channels.map((channel) => this.#tail(channel, snapshot, generation)))
  }

  isLater(place: string, than: string): boolean {
    const [one, other] = [parsePlace(place), parsePlace(than)]
    return one.epoch !== other.epoch || one.sequence > other.sequence
  }

  listen(channel: string): Promise<void> {
    return this.#bells.listen(channel)
  }

  unlisten(channel: string): void {
    this.#bells.unlisten(channel)
  }

  /** As `Bells.refuse`. */
  refuseListens(error: Error): void {
    this.#bells.refuse(error)
  }

  async #tail(channel: string, snapshot: StreamSnapshot, generation: number): Promise<string | undefined> {
    const tail = this.#bells.tail(channel)
    if (tail === undefined) return undefined
    if (tail.end !== undefined) return formatPlace(tail.epoch, tail.end)
    if (tail.epoch !== snapshot.epoch) return undefined
    if (tail.isSettled(snapshot, generation)) return formatPlace(snapshot.epoch, tail.sequence)
    const { subjects } = this.#stream
    // A replica may be cut off without knowing it. Once nothing seems to change, the leader is asked.
    const isSure = !snapshot.isReplicated || tail.isCompared(snapshot, generation)
    const isBig = tail.isBig && tail.isOf(generation)
    const [event, end] = await Promise.all([
      isBig
        ? this.#stream.next(subjects.events(channel), tail.sequence + 1, isSure)
        : this.#stream.last(subjects.events(channel), isSure),
      this.#stream.last(subjects.end(channel), isSure),
    ])
    if (end !== undefined) return formatPlace(snapshot.epoch, end.sequence)
    if (event !== undefined && event.sequence > tail.sequence) return formatPlace(snapshot.epoch, event.sequence)
    if (event === undefined && !isBig) {
      // All its events have expired. Nothing was missed for certain only if the stream still has everything since then.
      if (snapshot.firstSequence > tail.emptyUpTo(snapshot.epoch, tail.sequence) + 1) return undefined
      // Or somebody has removed them, and perhaps later ones.
      if (!tail.isEmpty && !tail.isOf(generation) && snapshot.firstSequence <= tail.sequence) return undefined
    }
    if (event !== undefined && isSure && !isSame(event, tail)) return undefined
    tail.noteQuiet(snapshot, generation, isSure)
    return formatPlace(snapshot.epoch, tail.sequence)
  }
}

/**
 * Whether the channel's newest message is the known one. If not, the stream has lost that, and this is an older or
 * another one.
 */
function isSame(event: StoredMessage, { sequence, mark }: ChannelTail): boolean {
  return event.sequence === sequence && (mark === undefined || markOf(event) === mark)
}
