import { request } from './request.js'

/** What an EventSource is doing. It is `waiting` if it cannot connect; after a disconnect it is `reconnecting` by itself. */
export type StreamState = 'connecting' | 'waiting' | 'open' | 'reconnecting' | 'closed'

/** An event's data, parsed as JSON; `isLate` says that it was published while the stream was disconnected. */
export type DataListener<T> = (data: T, isLate: boolean) => void

/** The events that ssekit itself sends. */
const OWN_EVENTS = ['sse-checkpoint', 'sse-gap']

/** A server answers sooner. Over HTTP/1.1 a browser opens six connections to it, for all tabs; others must wait. */
const WAITING_AFTER_MS = 3_000

let streams = 0
const page = crypto.getRandomValues(new Uint32Array(2)).join('')

/** An EventSource that knows its state, its last event id, and what arrived late. */
export class Stream {
  state: StreamState = 'connecting'
  lastEventId = ''
  /** The name by which the server can disconnect it. */
  readonly key: string
  readonly #source: EventSource
  readonly #changed: () => void
  // The newest event's time by the server's clock, and its arrival by ours: the two clocks need not agree.
  #newest: { readonly at: number; readonly arrived: number } | undefined
  #lateBefore = 0

  constructor(address: string, changed: () => void) {
    streams += 1
    this.key = `${page}-${streams}`
    this.#changed = changed
    this.#source = new EventSource(`${address}?key=${this.key}`)
    this.#source.addEventListener('open', () => {
      if (this.#newest !== undefined) this.#lateBefore = this.#newest.at + performance.now() - this.#newest.arrived
      this.#become('open')
    })
    this.#source.addEventListener('error', () => {
      this.#become(this.#source.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting')
    })
    setTimeout(() => {
      if (this.state === 'connecting') this.#become('waiting')
    }, WAITING_AFTER_MS)
    for (const type of OWN_EVENTS) this.#source.addEventListener(type, (event) => this.#remember(event))
  }

  /** Calls back for each event of a type. */
  on<T extends object>(type: string, listener: DataListener<T>): this {
    this.#source.addEventListener(type, (event) => {
      const data: T = JSON.parse(event.data)
      const at = 'at' in data && typeof data.at === 'number' ? data.at : undefined
      listener(data, at !== undefined && at < this.#lateBefore)
      if (at !== undefined && at > (this.#newest?.at ?? 0)) this.#newest = { at, arrived: performance.now() }
      this.#remember(event)
    })
    return this
  }

  /** Calls back whenever it has connected. */
  whenOpen(listener: () => void): this {
    this.#source.addEventListener('open', listener)
    return this
  }

  /** Calls back when the server will never have events for this stream (`204`), or refuses it. */
  whenGone(listener: () => void): this {
    this.#source.addEventListener('error', () => {
      if (this.#source.readyState === EventSource.CLOSED) listener()
    })
    return this
  }

  /** Lets the server disconnect it. The EventSource then reconnects by itself, with its last event id. */
  async cut(): Promise<void> {
    await request(`/streams/${this.key}`, { method: 'DELETE' })
  }

  /** Closes it for good. */
  close(): void {
    this.#source.close()
    this.#become('closed')
  }

  #remember(event: MessageEvent): void {
    this.lastEventId = event.lastEventId
    this.#changed()
  }

  #become(state: StreamState): void {
    this.state = state
    this.#changed()
  }
}
