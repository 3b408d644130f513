import type { Got, Reader, Visit } from './reader.js'
import { type ChannelName, isWanted, type News, type World } from './world.js'

/** How many events a channel retains at least: on each node, and anywhere. */
export interface Kept {
  readonly local: number
  readonly anywhere: number
}

/** Counts what happened, so that the test can check that its runs included every case. */
export interface Tally {
  liveGaps: number
  gapsOnReturn: number
  returns: number
  checkpoints: number
  events: number
}

/**
 * Checks the notes of one reader against the model: it received the events after its id that pass its filter, once and in
 * order, or a gap for events that are really gone; and the id after each frame is exactly its position.
 */
export class NoteChecker {
  readonly faults: string[] = []
  readonly #reader: Reader
  readonly #world: World
  readonly #kept: Kept
  readonly #tally: Tally
  // How many events of each channel the reader has passed; a new reader has no position yet.
  readonly #past = new Map<string, number>()
  #visit: Visit | undefined
  #isFirst = true

  constructor(reader: Reader, world: World, kept: Kept, tally: Tally) {
    this.#reader = reader
    this.#world = world
    this.#kept = kept
    this.#tally = tally
    for (const note of reader.notes) {
      if (note.kind === 'visit') this.#begin(note)
      else this.#check(note)
    }
  }

  #begin(visit: Visit): void {
    this.#visit = visit
    this.#isFirst = true
    if (visit.lastEventId === '') this.#past.clear()
    else this.#tally.returns += 1
  }

  #check(got: Got): void {
    const { event, data } = got
    if (event === 'sse-checkpoint') {
      this.#tally.checkpoints += 1
      this.#moveAll(got, undefined)
    } else if (event === 'sse-gap') this.#checkGap(got)
    else this.#checkNews(got, JSON.parse(data) as News)
    this.#isFirst = false
  }

  #checkNews(got: Got, news: News): void {
    const { channel, number } = news
    this.#tally.events += 1
    if (!isWanted(this.#reader.wants, news)) this.#fault(got, 'is not wanted')
    if (this.#past.get(channel) === undefined) this.#fault(got, 'arrived at a new reader before its first checkpoint')
    this.#move(got, channel, number)
    this.#past.set(channel, number + 1)
    this.#moveAll(got, channel)
  }

  #checkGap(got: Got): void {
    const { channels } = this.#reader.wants
    const gap = JSON.parse(got.data) as { lastEventId: string; oldestId: string | null; channel?: string }
    const channel = gap.channel ?? (channels[0] as string)
    const ids = this.#idsOf(channel)
    const to = this.#placesOf(got)[channels.indexOf(channel)]
    if (this.#isFirst) this.#tally.gapsOnReturn += 1
    else this.#tally.liveGaps += 1
    // The gap may begin after events that the filter held back.
    if (!this.#isSent(gap.lastEventId)) this.#move(got, channel, ids.indexOf(gap.lastEventId) + 1)
    const from = this.#past.get(channel)
    if (from === undefined || to === undefined) {
      this.#fault(got, 'is a gap for a reader without a position')
      return
    }
    if (gap.oldestId !== ids[to]) this.#fault(got, `should continue with ${ids[to]}`)
    const { local, anywhere } = this.#kept
    const count = got.counts[channel] as number
    const atStart = this.#visit?.counts?.[channel] as number
    if (to <= from) this.#fault(got, `skips nothing: from ${from} to ${to}`)
    if (from >= count - anywhere) this.#fault(got, `skips ${from}, which is retained`)
    // Greetings to this reader must not evict it.
    if (this.#isFirst && from >= atStart - local)
      this.#fault(got, `skips ${from}, which was retained when it connected`)
    if (to > count - local) this.#fault(got, `continues at ${to} of ${count}, though more is retained`)
    this.#past.set(channel, to)
    this.#moveAll(got, channel)
  }

  /** A gap may name the whole id that the client sent, which is that of several channels. */
  #isSent(id: string): boolean {
    return this.#isFirst && id === this.#visit?.lastEventId
  }

  /** Moves the reader to the positions that the id names; it must not skip an event that it wants. */
  #moveAll(got: Got, channel: string | undefined): void {
    for (const [index, place] of this.#placesOf(got).entries()) {
      const name = this.#reader.wants.channels[index] as string
      if (place !== undefined) this.#move(got, name, place)
      if (name === channel && place !== this.#past.get(name)) this.#fault(got, `is not at ${place} of ${name}`)
    }
  }

  #move(got: Got, channel: string, to: number): void {
    const from = this.#past.get(channel)
    this.#past.set(channel, to)
    const start = this.#visit?.counts?.[channel] as number
    if (from === undefined && to !== start) this.#fault(got, `a new reader begins at ${to}, not at ${start}`)
    if (from === undefined) return
    if (to < from) this.#fault(got, `goes back in ${channel} from ${from} to ${to}`)
    for (let number = from; number < to; number++) {
      const isLast = this.#world.isLast(channel as ChannelName, number)
      if (isWanted(this.#reader.wants, { number, isLast })) this.#fault(got, `skips ${number} of ${channel}`)
    }
  }

  /** For each channel, how many events are before the position that the id names. */
  #placesOf(got: Got): (number | undefined)[] {
    const { channels } = this.#reader.wants
    const parts = channels.length > 1 ? (got.id?.split('~') ?? []) : [got.id]
    if (parts.length !== channels.length) this.#fault(got, 'does not have the id of all channels')
    return channels.map((name, index) => {
      const at = this.#idsOf(name).indexOf(parts[index] as string)
      if (at === -1) this.#fault(got, `has an id that does not belong to ${name}`)
      return at === -1 ? undefined : at + 1
    })
  }

  #idsOf(channel: string): readonly string[] {
    return this.#world.published[channel as ChannelName]
  }

  #fault({ event = 'message', id, data }: Got, what: string): void {
    const { wants } = this.#reader
    this.faults.push(`${wants.channels.join('+')}/${wants.oneIn}: ${event} ${id} ${data.slice(0, 90)} ${what}`)
  }
}
