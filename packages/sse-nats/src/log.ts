import type { LogStretch, PlacedEntry, SharedLog } from '@ssekit/sse-core'
import { Backlog } from './backlog.js'
import { Bells, type HearBell } from './bells.js'
import { History } from './history.js'
import type { StreamLife } from './life.js'
import { markOf, type StoredMessage } from './messages.js'
import { formatPlace, parsePlace } from './place.js'
import type { Stream } from './stream.js'
import { Track } from './track.js'

/** The channels' logs in a JetStream stream, and the bells of those that are followed. */
export class NatsLog implements SharedLog {
  readonly history: History
  readonly backlog: Backlog
  readonly #stream: Stream
  readonly #bells: Bells

  constructor(stream: Stream, hear: HearBell) {
    this.#stream = stream
    this.#bells = new Bells(stream, hear)
    this.backlog = new Backlog(stream)
    this.history = new History(stream, this.backlog)
  }

  /** Whether any channel is followed. */
  get isFollowed(): boolean {
    return this.#bells.isAny
  }

  newest(channel: string, last: number, maxBytes: number): Promise<LogStretch> {
    return this.history.newest(channel, last, maxBytes, this.#bells.track(channel) ?? new Track())
  }

  after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined> {
    return this.history.after(channel, place, undefined, this.#bells.track(channel))
  }

  async tails(channels: readonly string[]): Promise<readonly (string | undefined)[]> {
    const { round } = this.#stream
    const life = await this.#stream.refresh()
    return Promise.all(channels.map((channel) => this.#tail(channel, life, round)))
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

  async #tail(channel: string, life: StreamLife, round: number): Promise<string | undefined> {
    const track = this.#bells.track(channel)
    if (track === undefined) return undefined
    if (track.end !== undefined) return formatPlace(track.epoch, track.end)
    if (track.epoch !== life.epoch) return undefined
    if (track.isSettled(life, round)) return formatPlace(life.epoch, track.tail)
    const { subjects } = this.#stream
    // A replica may have been cut off, and not know it yet: once nothing seems to move, who leads is asked.
    const isSure = !life.isReplicated || track.isCompared(life, round)
    const isBig = track.isBig && track.isOf(round)
    const [event, end] = await Promise.all([
      isBig
        ? this.#stream.next(subjects.events(channel), track.tail + 1, isSure)
        : this.#stream.last(subjects.events(channel), isSure),
      this.#stream.last(subjects.end(channel), isSure),
    ])
    if (end !== undefined) return formatPlace(life.epoch, end.sequence)
    if (event !== undefined && event.sequence > track.tail) return formatPlace(life.epoch, event.sequence)
    if (event === undefined && !isBig) {
      // All that it had has expired: only if the stream has all that came since is it sure that nothing did.
      if (life.firstSequence > track.emptyUpTo(life.epoch, track.tail) + 1) return undefined
      // Or somebody has removed it, and perhaps what came since.
      if (!track.isEmpty && !track.isOf(round) && life.firstSequence <= track.tail) return undefined
    }
    if (event !== undefined && isSure && !isSame(event, track)) return undefined
    track.noteQuiet(life, round, isSure)
    return formatPlace(life.epoch, track.tail)
  }
}

/** Whether a channel's newest message is the one that it was; if not, the stream has lost it, and this is an older one or another. */
function isSame(event: StoredMessage, { tail, mark }: Track): boolean {
  return event.sequence === tail && (mark === undefined || markOf(event) === mark)
}
