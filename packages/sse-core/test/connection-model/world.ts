import type { IncomingMessage, ServerResponse } from 'node:http'
import { merge, respond, type SseChannel, type SseEvent, type SseManager } from '@ssekit/sse-core'
import { turn } from '../collecting.js'
import { until } from '../until.js'
import { type Counts, Reader, type Wants } from './reader.js'

/** The channels of the model. */
export const CHANNELS = ['alpha', 'beta', 'own'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** The data of an event of the model. */
export interface News {
  readonly channel: string
  /** Its number in its channel, from 0. */
  readonly number: number
  /** It passes every filter, so that all readers get to the end. */
  readonly isLast: boolean
  readonly padding: string
}

/** Whether a reader's filter lets an event pass. */
export function isWanted({ oneIn }: Wants, { number, isLast }: Pick<News, 'number' | 'isLast'>): boolean {
  return isLast || number % oneIn === 0
}

/** Nodes with the same channels, everything that was ever published in them, and the readers. */
export class World {
  /** The naive log: the ids of each channel, in order. */
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
      // A subscriber on each node keeps the node subscribed.
      for (const node of nodes) void node.getOrCreate(name)[Symbol.asyncIterator]().next()
    }
    await turn()
    // So that each position has a published id.
    for (const name of CHANNELS) await world.broadcast(name, 0, 1, 0)
    return world
  }

  /** The current counts. */
  count(): Counts {
    return { ...this.#begun }
  }

  async broadcast(name: ChannelName, node: number, count: number, size: number, isLast = false): Promise<void> {
    const channel = this.#channel(name, node)
    const ids = Array.from({ length: count }, () => {
      const number = this.#begun[name]++
      if (isLast) this.#lasts.add(`${name} ${number}`)
      const data: News = { channel: name, number, isLast, padding: 'x'.repeat(size) }
      // Some events have an id that their publisher gave.
      return channel.broadcast(name === 'own' && number % 3 > 0 ? { id: `own-${number}`, data } : { data })
    })
    this.published[name].push(...(await Promise.all(ids)))
  }

  /** Whether an event passes every filter. */
  isLast(name: ChannelName, number: number): boolean {
    return this.#lasts.has(`${name} ${number}`)
  }

  /** Adds a reader, and connects it. */
  join(wants: Wants, node: number): void {
    const reader = new Reader(wants, () => this.count())
    this.readers.push(reader)
    this.connect(reader, node)
  }

  /** Connects a reader to a node. */
  connect(reader: Reader, node: number): void {
    reader.connect(
      this.#socketPath,
      `/${node % this.#nodes.length}/${this.readers.indexOf(reader)}/${reader.notes.length}`,
    )
  }

  /** Disconnects a reader on the server's side. */
  kick({ visit }: Reader): void {
    for (const node of this.#nodes) node.disconnect(({ context }) => context === visit)
    if (visit?.counts !== undefined) visit.isOver = true
  }

  /** The server's side of a visit. */
  answer(req: IncomingMessage, res: ServerResponse): void {
    const [, node, index, note] = (req.url ?? '').split('/').map(Number)
    const reader = this.readers[index as number]
    const visit = reader?.notes[note as number]
    // A client may have been cut before its request arrived.
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
      // These pass every filter; otherwise some readers would never get to the newest event.
      for (const name of channels) void this.broadcast(name as ChannelName, node, greetings, 0, true)
    }
    if (greetings > 0) for (const name of channels) this.#channel(name, node).on('subscribe', greet)
    return () => {
      for (const name of channels) this.#channel(name, node).off('subscribe', greet)
    }
  }

  /** Waits until every reader that reads has the newest event. */
  async settle(): Promise<void> {
    const reading = this.readers.filter(({ visit, isHungry }) => visit?.isOver === false && isHungry)
    await until(() => reading.every(({ visit }) => visit?.counts !== undefined), 'all requests')
    for (const name of CHANNELS) await this.broadcast(name, 0, 1, 0, true)
    await until(() => reading.every((reader) => this.#hasNewest(reader)), 'all readers to have the newest event')
  }

  /** Lets all readers read, reconnects them, and waits until they have the newest event. */
  async finish(): Promise<void> {
    await until(() => {
      for (const [index, reader] of this.readers.entries()) {
        reader.read(Number.POSITIVE_INFINITY)
        this.connect(reader, index)
      }
      return this.readers.every(({ visit }) => visit?.isOver === false && visit.counts !== undefined)
    }, 'all readers to reconnect')
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
