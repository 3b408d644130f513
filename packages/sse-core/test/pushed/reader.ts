import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

/** What a reader of the model asks for. */
export interface Wants {
  /** Several are merged. */
  readonly channels: readonly string[]
  /** Of each channel every n-th event. */
  readonly oneIn: number
  /** So many events are broadcast to each of its channels by a listener that hears of the new subscriber. */
  readonly greetings?: number
}

/** How many events of each channel there were at some moment, those under way among them. */
export type Counts = Readonly<Record<string, number>>

/** A reader came, fresh or with the last id it had. */
export interface Visit {
  readonly kind: 'visit'
  readonly lastEventId: string
  /** What there was when the server heard of it; undefined if it never did. */
  counts: Counts | undefined
  /** Whether the server has thrown it out. */
  isOver: boolean
}

/** A reader got an event. */
export interface Got {
  readonly kind: 'got'
  readonly event: string | undefined
  readonly id: string | undefined
  readonly data: string
  /** What there was when it came. */
  readonly counts: Counts
}

/**
 * A client that writes down what it gets. It may stop to read, read a bit, lose its connection at whatever byte, and come
 * back with its last id.
 */
export class Reader {
  readonly wants: Wants
  readonly notes: (Visit | Got)[] = []
  readonly #count: () => Counts
  #lastEventId = ''
  #visit: Visit | undefined
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  // How many bytes it will still read.
  #appetite = Number.POSITIVE_INFINITY

  /** @param count what there is now */
  constructor(wants: Wants, count: () => Counts) {
    this.wants = wants
    this.#count = count
  }

  /** The visit that is under way; undefined while it has no connection. */
  get visit(): Visit | undefined {
    return this.#visit
  }

  /** Whether it reads whatever comes. */
  get isHungry(): boolean {
    return this.#appetite === Number.POSITIVE_INFINITY
  }

  come(socketPath: string, path: string): void {
    if (this.#visit !== undefined) return
    const lastEventId = this.#lastEventId
    const visit: Visit = { kind: 'visit', lastEventId, counts: undefined, isOver: false }
    this.#visit = visit
    this.notes.push(visit)
    const headers = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
    const request = get({ socketPath, path, headers, agent: false }, (response) => {
      this.#response = response
      this.#read(response, visit)
      this.read(this.#appetite)
    })
    this.#request = request
    request.on('error', () => {})
    request.on('close', () => this.#leave(visit))
  }

  /** Cuts the connection at whatever byte it is. */
  cut(): void {
    this.#request?.destroy()
    if (this.#visit !== undefined) this.#leave(this.#visit)
  }

  /** Reads about so many bytes, and then no more; `Infinity` reads on, 0 stops. */
  read(bytes: number): void {
    this.#appetite = bytes
    if (bytes > 0) this.#response?.resume()
    else this.#response?.pause()
  }

  #read(response: IncomingMessage, visit: Visit): void {
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        if (id !== undefined) this.#lastEventId = id
        this.notes.push({ kind: 'got', event, id, data, counts: this.#count() })
      },
    })
    const decoder = new TextDecoder()
    response.on('error', () => {})
    response.on('data', (bytes: Buffer) => {
      // What comes after the cut was on its way, and reaches nobody.
      if (visit !== this.#visit) return
      parser.feed(decoder.decode(bytes, { stream: true }))
      this.#appetite -= bytes.length
      if (this.#appetite <= 0) response.pause()
    })
  }

  #leave(visit: Visit): void {
    if (visit !== this.#visit) return
    this.#visit = undefined
    this.#response = undefined
  }
}
