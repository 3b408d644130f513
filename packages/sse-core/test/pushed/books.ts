import type { Got, Reader, Visit } from './reader.js'
import { type ChannelName, isWanted, type News, type World } from './world.js'

/** How much a channel keeps at least: each node for those who are live, and any place for those who come back. */
export interface Kept {
  readonly local: number
  readonly anywhere: number
}

/** What happened, so that a test can tell whether it has seen what it is about. */
export interface Tally {
  liveGaps: number
  gapsOnReturn: number
  returns: number
  checkpoints: number
  events: number
}

/**
 * Goes through what one reader wrote down, and finds where it is not what the model says: what it received is what was
 * published after its id, in order, none twice, nothing that it did not want, or it was told of what is really gone; and the
 * id that each frame leaves it with says exactly where it stands.
 */
export class Books {
  readonly faults: string[] = []
  readonly #reader: Reader
  readonly #world: World
  readonly #kept: Kept
  readonly #tally: Tally
  // How many events of each channel the reader is past; a fresh one has no place yet.
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
    if (this.#past.get(channel) === undefined) this.#fault(got, 'came to a fresh reader before its first checkpoint')
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
    // It may begin behind what the reader did not want and was not told of.
    if (!this.#isSent(gap.lastEventId)) this.#move(got, channel, ids.indexOf(gap.lastEventId) + 1)
    const from = this.#past.get(channel)
    if (from === undefined || to === undefined) {
      this.#fault(got, 'tells a reader without a place of a gap')
      return
    }
    if (gap.oldestId !== ids[to]) this.#fault(got, `should go on with ${ids[to]}`)
    const { local, anywhere } = this.#kept
    const count = got.counts[channel] as number
    const atStart = this.#visit?.counts?.[channel] as number
    if (to <= from) this.#fault(got, `leaves out nothing: from ${from} to ${to}`)
    if (from >= count - (this.#isFirst ? anywhere : local)) this.#fault(got, `leaves out ${from}, which is kept`)
    // Whatever is broadcast because it came.
    if (this.#isFirst && from >= atStart - local) this.#fault(got, `leaves out ${from}, which was kept when it came`)
    if (to > count - local) this.#fault(got, `goes on at ${to} of ${count}, though more is kept`)
    this.#past.set(channel, to)
    this.#moveAll(got, channel)
  }

  /** Of several positions that the client sent, the first channel may have got all. */
  #isSent(id: string): boolean {
    return this.#isFirst && id === this.#visit?.lastEventId
  }

  /** The reader's place in every channel is what the id says, and nothing that it wants lies between. */
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
    if (from === undefined && to !== start) this.#fault(got, `a fresh reader begins at ${to}, not at ${start}`)
    if (from === undefined) return
    if (to < from) this.#fault(got, `goes back in ${channel} from ${from} to ${to}`)
    for (let number = from; number < to; number++) {
      const isLast = this.#world.isLast(channel as ChannelName, number)
      if (isWanted(this.#reader.wants, { number, isLast })) this.#fault(got, `leaves out ${number} of ${channel}`)
    }
  }

  /** How many events of each channel are before the place that an id says. */
  #placesOf(got: Got): (number | undefined)[] {
    const { channels } = this.#reader.wants
    const parts = channels.length > 1 ? (got.id?.split('~') ?? []) : [got.id]
    if (parts.length !== channels.length) this.#fault(got, 'has not the id of all channels')
    return channels.map((name, index) => {
      const at = this.#idsOf(name).indexOf(parts[index] as string)
      if (at === -1) this.#fault(got, `has an id that is not of ${name}`)
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
