import type { LogStretch, PlacedEntry, SharedLog } from '@ssekit/sse-core'
import { Backlog } from './backlog.js'
import { Bells, type HearBell } from './bells.js'
import { History } from './history.js'
import type { StreamLife } from './life.js'
import { formatPlace, parsePlace } from './place.js'
import type { Stream } from './stream.js'
import { Track } from './track.js'

/** From this size on an event is not sent again only to see that it is the newest still. */
const BIG_BYTES = 8 * 1024

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

  async #tail(channel: string, life: StreamLife, round: number): Promise<string | undefined> {
    const track = this.#bells.track(channel)
    if (track === undefined) return undefined
    if (track.end !== undefined) return formatPlace(track.epoch, track.end)
    if (track.epoch !== life.epoch) return undefined
    if (!track.isSettled(life, round)) {
      const { subjects } = this.#stream
      const isBig = track.bytes > BIG_BYTES
      const [event, end] = await Promise.all([
        isBig
          ? this.#stream.nextSeen(subjects.events(channel), track.tail + 1)
          : this.#stream.lastSeen(subjects.events(channel)),
        this.#stream.lastSeen(subjects.end(channel)),
      ])
      if (end !== undefined) return formatPlace(life.epoch, end.sequence)
      if (event !== undefined && event.sequence > track.tail) return formatPlace(life.epoch, event.sequence)
      // All that it had has expired: only if the stream has all that came since is it sure that nothing did.
      const isExpired = event === undefined && !isBig
      if (isExpired && life.firstSequence > track.emptyUpTo(life.epoch, track.tail) + 1) return undefined
      track.noteQuiet(life, round)
    }
    return formatPlace(life.epoch, track.tail)
  }
}
