import type { IncomingMessage, ServerResponse } from 'node:http'
import { merge, respond, type SseChannel, type SseEvent, type SseManager } from '@ssekit/sse-core'
import { turn } from '../collecting.js'
import { until } from '../until.js'
import { type Counts, Reader, type Wants } from './reader.js'

/** What there is to read, in all channels. */
export const CHANNELS = ['alpha', 'beta', 'own'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** What an event of the model carries. */
export interface News {
  readonly channel: string
  /** Its number in its channel, from 0. */
  readonly number: number
  /** Everybody wants it, so that everybody comes to the end. */
  readonly isLast: boolean
  readonly padding: string
}

/** Whether a reader's filter lets an event pass. */
export function isWanted({ oneIn }: Wants, { number, isLast }: Pick<News, 'number' | 'isLast'>): boolean {
  return isLast || number % oneIn === 0
}

/** Nodes with the same channels, everything that was ever published in them, and the readers. */
export class World {
  /** The naive log: the ids of a channel in order. */
  readonly published: Readonly<Record<ChannelName, string[]>> = { alpha: [], beta: [], own: [] }
  readonly readers: Reader[] = []
  readonly #lasts = new Set<string>()
  readonly #begun: Record<ChannelName, number> = { alpha: 0, beta: 0, own: 0 }
  readonly #nodes: readonly SseManager[]
  readonly #socketPath: string
  #isOver = false

  private constructor(nodes: readonly SseManager[], socketPath: string) {
    this.#nodes = nodes
    this.#socketPath = socketPath
  }

  static async start(nodes: readonly SseManager[], socketPath: string): Promise<World> {
    const world = new World(nodes, socketPath)
    for (const name of CHANNELS) {
      // Nodes that are live, as those are that have subscribers.
      for (const node of nodes) void node.getOrCreate(name)[Symbol.asyncIterator]().next()
    }
    await turn()
    // So that each place has an id that was published.
    for (const name of CHANNELS) await world.broadcast(name, 0, 1, 0)
    return world
  }

  /** What there is now. */
  count(): Counts {
    return { ...this.#begun }
  }

  async broadcast(name: ChannelName, node: number, count: number, size: number, isLast = false): Promise<void> {
    const channel = this.#channel(name, node)
    const ids = Array.from({ length: count }, () => {
      const number = this.#begun[name]++
      if (isLast) this.#lasts.add(`${name} ${number}`)
      const data: News = { channel: name, number, isLast, padding: 'x'.repeat(size) }
      // Some of them have an id that their publisher gave.
      return channel.broadcast(name === 'own' && number % 3 > 0 ? { id: `own-${number}`, data } : { data })
    })
    this.published[name].push(...(await Promise.all(ids)))
  }

  /** Whether an event was one that everybody wants. */
  isLast(name: ChannelName, number: number): boolean {
    return this.#lasts.has(`${name} ${number}`)
  }

  /** Another reader comes. */
  join(wants: Wants, node: number): void {
    const reader = new Reader(wants, () => this.count())
    this.readers.push(reader)
    this.come(reader, node)
  }

  /** A reader comes back to some node. */
  come(reader: Reader, node: number): void {
    reader.come(
      this.#socketPath,
      `/${node % this.#nodes.length}/${this.readers.indexOf(reader)}/${reader.notes.length}`,
    )
  }

  /** Throws a reader out, on the server's side. */
  kick({ visit }: Reader): void {
    for (const node of this.#nodes) node.disconnect(({ context }) => context === visit)
    if (visit?.counts !== undefined) visit.isOver = true
  }

  /** The server's side of a visit. */
  answer(req: IncomingMessage, res: ServerResponse): void {
    const [, node, index, note] = (req.url ?? '').split('/').map(Number)
    const reader = this.readers[index as number]
    const visit = reader?.notes[note as number]
    // A client may have been cut while its request was on its way.
    if (visit?.kind !== 'visit' || visit !== reader?.visit || this.#isOver) {
      res.destroy()
      return
    }
    visit.counts = this.count()
    const { wants } = reader
    const manager = this.#nodes[node as number]
    const [first, ...others] = wants.channels.map((name) => this.#channel(name, node as number))
    const source = others.length > 0 ? merge(first as SseChannel, ...others) : (first as SseChannel)
    const filter = ({ data }: SseEvent): boolean => isWanted(wants, data as News)
    const stopGreeting = this.#greet(wants, node as number)
    void respond(req, res, source, { manager, context: visit, heartbeatMs: 0, ...(wants.oneIn > 1 && { filter }) })
    stopGreeting()
  }

  /** Broadcasts to all channels of a reader as it subscribes to each, until the returned function is called. */
  #greet({ channels, greetings = 0 }: Wants, node: number): () => void {
    const greet = (): void => {
      // Wanted by all: nobody would come to the end of what ends with something else.
      for (const name of channels) void this.broadcast(name as ChannelName, node, greetings, 0, true)
    }
    if (greetings > 0) for (const name of channels) this.#channel(name, node).on('subscribe', greet)
    return () => {
      for (const name of channels) this.#channel(name, node).off('subscribe', greet)
    }
  }

  /** Everybody who reads gets to what is newest. */
  async settle(): Promise<void> {
    const reading = this.readers.filter(({ visit, isHungry }) => visit?.isOver === false && isHungry)
    await until(() => reading.every(({ visit }) => visit?.counts !== undefined), 'the server to hear of all')
    for (const name of CHANNELS) await this.broadcast(name, 0, 1, 0, true)
    await until(() => reading.every((reader) => this.#hasNewest(reader)), 'all who read to have what is newest')
  }

  /** Everybody reads on, comes back, and comes to the end. */
  async finish(): Promise<void> {
    await until(() => {
      for (const [index, reader] of this.readers.entries()) {
        reader.read(Number.POSITIVE_INFINITY)
        this.come(reader, index)
      }
      return this.readers.every(({ visit }) => visit?.isOver === false && visit.counts !== undefined)
    }, 'all readers to be back')
    await this.settle()
  }

  async end(): Promise<void> {
    this.#isOver = true
    for (const reader of this.readers) reader.cut()
    await Promise.all(this.#nodes.map((node) => node.close({ graceMs: 0 })))
  }

  #hasNewest({ wants, notes }: Reader): boolean {
    const ids = new Set(notes.slice(-20).flatMap((note) => (note.kind === 'got' ? (note.id?.split('~') ?? []) : [])))
    return wants.channels.every((name) => ids.has(this.published[name as ChannelName].at(-1) as string))
  }

  #channel(name: string, node: number): SseChannel {
    return (this.#nodes[node % this.#nodes.length] as SseManager).getOrCreate(name)
  }
}
