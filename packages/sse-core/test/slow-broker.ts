import {
  type Backplane,
  type BackplaneSink,
  type LogEntry,
  type LogInput,
  SseError,
  type Unsubscribe,
} from '@ssekit/sse-core'

/** A channel's log at the broker: the position of an entry is its index plus what was trimmed. */
interface StoredLog {
  readonly epoch: number
  readonly entries: LogEntry[]
  trimmed: number
  idBeforeOldest: string
  uniqueIdBeforeOldest: string | undefined
  hasEnded: boolean
}

interface SlowSubscription {
  readonly channel: string
  readonly sink: BackplaneSink
  epoch: number
  position: number
}

let epochs = 0

/**
 * Stands in for a broker in another process: every answer takes some turns of the event loop, and the broker can be down,
 * lose its data, or deliver what another program wrote. Its nodes still fulfil the backplane contract.
 */
export class SlowBroker {
  readonly #logs = new Map<string, StoredLog>()
  readonly #maxEvents: number
  readonly #subscriptions = new Set<SlowSubscription>()
  #isDown = false
  #resume: (() => void) | undefined
  #paused: Promise<void> | undefined
  /** The number of requests of each kind. */
  readonly asked = { publish: 0, subscribe: 0, read: 0 }

  constructor(maxEvents = 1_000) {
    this.#maxEvents = maxEvents
  }

  /** How many subscriptions there are. */
  get subscriptionCount(): number {
    return this.#subscriptions.size
  }

  /** The backplane of another process. */
  node(): Backplane {
    return new SlowNode(this, this.#subscriptions)
  }

  /** Rejects all requests and delivers nothing until `goUp()`. */
  goDown(): void {
    this.#isDown = true
  }

  goUp(): void {
    this.#isDown = false
    for (const subscription of this.#subscriptions) this.#ring(subscription)
  }

  /** Answers no request until `resume()`. */
  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  resume(): void {
    this.#resume?.()
    this.#paused = undefined
  }

  /** Loses all data. */
  wipe(): void {
    this.#logs.clear()
    for (const subscription of this.#subscriptions) this.#ring(subscription)
  }

  /** Reports a gap to all subscriptions, as after a long time without a connection. */
  loseTrack(): void {
    for (const { sink } of this.#subscriptions) sink.gap()
  }

  /** Puts an entry into a log that no node of ssekit would write. */
  inject(channel: string, entry: LogEntry): void {
    this.#append(channel, entry)
  }

  /** Resolves after a delay; rejects if the broker is down. */
  async answer(question: keyof SlowBroker['asked']): Promise<void> {
    this.asked[question] += 1
    await later()
    await this.#paused
    if (this.#isDown) {
      throw new SseError('ERR_SSE_BACKPLANE', `the broker did not answer ${question}`, { cause: new Error('down') })
    }
  }

  publish(channel: string, input: LogInput): string {
    const log = this.log(channel)
    if (log.hasEnded) throw new SseError('ERR_SSE_CLOSED', `channel ${channel} has ended`)
    const position = log.trimmed + log.entries.length + 1
    const uniqueId = `e${log.epoch}.${position}`
    const id = ('event' in input ? input.event.id : undefined) ?? uniqueId
    const previousId = log.entries.at(-1)?.id ?? log.idBeforeOldest
    this.#append(channel, { id, uniqueId, previousId, at: Date.now(), ...input })
    return id
  }

  log(channel: string): StoredLog {
    let log = this.#logs.get(channel)
    if (log === undefined) {
      epochs += 1
      log = {
        epoch: epochs,
        entries: [],
        trimmed: 0,
        idBeforeOldest: `e${epochs}.0`,
        uniqueIdBeforeOldest: undefined,
        hasEnded: false,
      }
      this.#logs.set(channel, log)
    }
    return log
  }

  /** Delivers the entries that a subscription has not received yet. */
  deliver(subscription: SlowSubscription): void {
    const { channel, sink } = subscription
    const log = this.log(channel)
    if (!this.#subscriptions.has(subscription) || this.#isDown) return
    if (log.epoch !== subscription.epoch || subscription.position < log.trimmed) {
      subscription.epoch = log.epoch
      subscription.position = log.trimmed
      sink.gap()
    }
    while (subscription.position < log.trimmed + log.entries.length && this.#subscriptions.has(subscription)) {
      const entry = log.entries[subscription.position - log.trimmed] as LogEntry
      subscription.position += 1
      sink.entry(entry)
    }
  }

  #append(channel: string, entry: LogEntry): void {
    const log = this.log(channel)
    log.entries.push(entry)
    if ('end' in entry) log.hasEnded = true
    while (log.entries.length > this.#maxEvents) {
      const oldest = log.entries.shift() as LogEntry
      log.idBeforeOldest = oldest.id
      log.uniqueIdBeforeOldest = oldest.uniqueId
      log.trimmed += 1
    }
    for (const subscription of this.#subscriptions) if (subscription.channel === channel) this.#ring(subscription)
  }

  #ring(subscription: SlowSubscription): void {
    void later().then(() => this.deliver(subscription))
  }
}

class SlowNode implements Backplane {
  readonly #broker: SlowBroker
  readonly #all: Set<SlowSubscription>
  readonly #own = new Set<SlowSubscription>()
  // Publishes keep their order, as on one connection.
  #publishing: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(broker: SlowBroker, subscriptions: Set<SlowSubscription>) {
    this.#broker = broker
    this.#all = subscriptions
  }

  publish(channel: string, input: LogInput): Promise<string> {
    const asked = this.#ask('publish')
    const published = this.#publishing.then(() => asked).then(() => this.#broker.publish(channel, input))
    this.#publishing = published.catch(() => {})
    return published
  }

  async subscribe(channel: string, { last }: { readonly last: number }, sink: BackplaneSink): Promise<Unsubscribe> {
    await this.#ask('subscribe')
    const log = this.#broker.log(channel)
    const kept = Math.min(last, log.entries.length)
    const position = log.trimmed + log.entries.length - kept
    const subscription: SlowSubscription = { channel, sink, epoch: log.epoch, position }
    this.#all.add(subscription)
    this.#own.add(subscription)
    const first = log.entries[position - log.trimmed - 1]
    sink.origin?.(first?.id ?? log.idBeforeOldest, first?.uniqueId ?? log.uniqueIdBeforeOldest)
    this.#broker.deliver(subscription)
    // So entries can arrive before subscribe() resolves.
    await later()
    return () => {
      this.#all.delete(subscription)
      this.#own.delete(subscription)
    }
  }

  async read(channel: string, afterId: string, limit: number): Promise<readonly LogEntry[] | undefined> {
    await this.#ask('read')
    const { entries, idBeforeOldest } = this.#broker.log(channel)
    if (afterId === idBeforeOldest) return entries.slice(0, limit)
    const index = entries.findIndex(({ id, uniqueId }) => id === afterId || uniqueId === afterId)
    return index === -1 ? undefined : entries.slice(index + 1, index + 1 + limit)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const subscription of this.#own) this.#all.delete(subscription)
  }

  async #ask(question: keyof SlowBroker['asked']): Promise<void> {
    if (this.#isClosed) throw new SseError('ERR_SSE_CLOSED', 'the backplane is closed')
    await this.#broker.answer(question)
  }
}

/** The round trip to the broker: two turns of the event loop. */
async function later(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until the broker has answered and delivered everything. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await later()
}
