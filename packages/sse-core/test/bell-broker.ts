import {
  type Backplane,
  type LogEntry,
  LogFollowers,
  type LogInput,
  type LogNews,
  type LogStretch,
  type PlacedEntry,
  type SharedLog,
  SseError,
} from '@ssekit/sse-core'

/** How a notification reaches a node: with the new entries, without them, twice, late, or never. */
export type Ringing = 'news' | 'bare' | 'twice' | 'late' | 'lost'

/** Small, so that a read often needs several pages. */
const PAGE_SIZE = 50

interface StoredLog {
  /** The place before the first retained entry, and its id. */
  origin: string
  originId: string
  readonly entries: PlacedEntry[]
  hasEnded: boolean
}

/**
 * Stands in for a real broker: a log that can be read, and a notification channel (the bell) that can lose messages.
 * `LogFollowers` makes a backplane of it. Every answer takes some turns of the event loop.
 */
export class BellBroker {
  readonly #maxEvents: number
  readonly #logs = new Map<string, StoredLog>()
  readonly #nodes = new Set<BellNode>()
  // Only increases, so that no place is given twice.
  #places = 0
  #isDown = false
  /** How the next notifications reach a node. */
  ringing: () => Ringing = () => 'news'
  /** The size that notifications state for their entries. */
  newsBytes: number | undefined
  /** How many requests there were. */
  questions = 0

  constructor(maxEvents = 1_000) {
    this.#maxEvents = maxEvents
  }

  /** How many subscriptions there are. */
  get subscriptionCount(): number {
    let count = 0
    for (const { heardOf } of this.#nodes) count += heardOf.size
    return count
  }

  /** The backplane of another process, and its followers. */
  node(compareMs = 20): BellNode {
    const node = new BellNode(this, compareMs)
    this.#nodes.add(node)
    return node
  }

  /** Rejects all requests and sends no notifications until `goUp()`. */
  goDown(): void {
    this.#isDown = true
  }

  goUp(): void {
    this.#isDown = false
    for (const { followers } of this.#nodes) followers.compare()
  }

  /** Loses all data. */
  wipe(): void {
    this.#logs.clear()
  }

  /** Loses only the newest entries, as a restart from an older snapshot does. */
  rollBack(channel: string, count: number): void {
    this.log(channel).entries.splice(-count)
  }

  /** The round trip to the broker. Rejects if the broker is down. */
  async answer(): Promise<void> {
    for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
    if (this.#isDown) throw new Error('the broker is down')
  }

  append(channel: string, input: LogInput): string {
    const log = this.log(channel)
    if (log.hasEnded) throw new SseError('ERR_SSE_CLOSED', `channel ${channel} has ended`)
    const after = this.tail(log)
    const place = this.#newPlace()
    const id = ('event' in input ? input.event.id : undefined) ?? place
    const previousId = log.entries.at(-1)?.entry.id ?? log.originId
    const entry: LogEntry = { id, uniqueId: place, previousId, at: Date.now(), ...input }
    log.entries.push({ place, entry })
    log.hasEnded = 'end' in input
    while (log.entries.length > this.#maxEvents) {
      const first = log.entries.shift() as PlacedEntry
      log.origin = first.place
      log.originId = first.entry.id
    }
    this.#ring(channel, { after, entries: [{ place, entry }], bytes: this.newsBytes })
    return id
  }

  log(channel: string): StoredLog {
    let log = this.#logs.get(channel)
    if (log === undefined) {
      const origin = this.#newPlace()
      log = { origin, originId: origin, entries: [], hasEnded: false }
      this.#logs.set(channel, log)
    }
    return log
  }

  tail({ origin, entries }: StoredLog): string {
    return entries.at(-1)?.place ?? origin
  }

  /** The entries after a place or id; undefined if the log does not contain it. */
  after(channel: string, isThere: (place: string, id: string) => boolean): readonly PlacedEntry[] | undefined {
    const { origin, originId, entries } = this.log(channel)
    if (isThere(origin, originId)) return entries
    const index = entries.findIndex(({ place, entry }) => isThere(place, entry.id))
    return index === -1 ? undefined : entries.slice(index + 1)
  }

  #newPlace(): string {
    this.#places += 1
    return `p${this.#places}`
  }

  #ring(channel: string, news: LogNews): void {
    for (const node of this.#nodes) {
      const ringing = this.ringing()
      if (ringing === 'lost' || this.#isDown) continue
      const told = ringing === 'bare' ? undefined : news
      // Notifications keep their order, except late ones.
      const hear = (): void => node.hear(channel, told)
      setImmediate(hear)
      if (ringing === 'twice') setImmediate(hear)
      if (ringing === 'late') setTimeout(hear, 3)
    }
  }
}

export class BellNode implements Backplane {
  readonly followers: LogFollowers
  readonly heardOf = new Set<string>()
  readonly #broker: BellBroker
  // Publishes keep their order, as on one connection.
  #publishing: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(broker: BellBroker, compareMs: number) {
    this.#broker = broker
    this.followers = new LogFollowers(logOf(this), { compareMs, timeoutMs: 1_000 })
  }

  hear(channel: string, news: LogNews | undefined): void {
    if (this.heardOf.has(channel)) this.followers.hear(channel, news)
  }

  publish(channel: string, input: LogInput): Promise<string> {
    const asked = this.#ask()
    const published = this.#publishing.then(() => asked).then(() => this.#broker.append(channel, input))
    this.#publishing = published.catch(() => {})
    return published
  }

  subscribe: Backplane['subscribe'] = (channel, start, sink) => this.followers.subscribe(channel, start, sink)

  read: Backplane['read'] = (channel, afterId, limit) => this.followers.read(channel, afterId, limit)

  async readLog(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    await this.#ask()
    return this.#broker
      .after(channel, (place, id) => id === afterId || place === afterId)
      ?.slice(0, limit)
      .map(({ entry }) => entry)
  }

  async newest(channel: string, last: number): Promise<LogStretch> {
    await this.#ask()
    const log = this.#broker.log(channel)
    const entries = last === 0 ? [] : log.entries.slice(-last)
    const place = this.#broker.tail(log)
    const before = log.entries.at(-entries.length - 1)
    const originId = before?.entry.id ?? log.originId
    const originUniqueId = before?.place ?? log.origin
    await this.#broker.answer()
    return { originId, originUniqueId, entries, place }
  }

  async after(channel: string, place: string): Promise<readonly PlacedEntry[] | undefined> {
    await this.#ask()
    const entries = this.#broker.after(channel, (each) => each === place)?.slice(0, PAGE_SIZE)
    await this.#broker.answer()
    return entries
  }

  async tails(channels: readonly string[]): Promise<string[]> {
    await this.#ask()
    return channels.map((channel) => this.#broker.tail(this.#broker.log(channel)))
  }

  isLater(place: string, than: string): boolean {
    return Number(place.slice(1)) > Number(than.slice(1))
  }

  async listen(channel: string): Promise<void> {
    await this.#ask()
    this.heardOf.add(channel)
  }

  unlisten(channel: string): void {
    this.heardOf.delete(channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.followers.close()
  }

  async #ask(): Promise<void> {
    this.#broker.questions += 1
    if (this.#isClosed) throw new SseError('ERR_SSE_CLOSED', 'the backplane is closed')
    await this.#broker.answer()
  }
}

/** The `SharedLog` of a node. */
export function logOf(node: BellNode): SharedLog {
  return {
    newest: (channel, last) => node.newest(channel, last),
    after: (channel, place) => node.after(channel, place),
    read: (channel, afterId, limit) => node.readLog(channel, afterId, limit),
    tails: (channels) => node.tails(channels),
    isLater: (place, than) => node.isLater(place, than),
    listen: (channel) => node.listen(channel),
    unlisten: (channel) => node.unlisten(channel),
  }
}
