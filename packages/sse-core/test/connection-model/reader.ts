import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

/** What a reader of the model asks for. */
export interface Wants {
  /** Several are merged. */
  readonly channels: readonly string[]
  /** The filter passes every n-th event of each channel. */
  readonly oneIn: number
  /** How many events a `'subscribe'` listener broadcasts to each of its channels when it connects. */
  readonly greetings?: number
}

/** How many events of each channel had been broadcast at some moment, pending ones included. */
export type Counts = Readonly<Record<string, number>>

/** A reader connected, without an id or with its last one. */
export interface Visit {
  readonly kind: 'visit'
  readonly lastEventId: string
  /** The counts when the request reached the server; undefined if it never did. */
  counts: Counts | undefined
  /** Whether the server has disconnected it. */
  isOver: boolean
}

/** A reader received an event. */
export interface Got {
  readonly kind: 'got'
  readonly event: string | undefined
  readonly id: string | undefined
  readonly data: string
  /** The counts when it arrived. */
  readonly counts: Counts
}

/**
 * A client that records what it receives. It can stop reading, read a little, lose its connection at any byte, and
 * reconnect with its last id.
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

  /** @param count returns the current counts */
  constructor(wants: Wants, count: () => Counts) {
    this.wants = wants
    this.#count = count
  }

  /** The current visit; undefined while it has no connection. */
  get visit(): Visit | undefined {
    return this.#visit
  }

  /** Whether it reads without a limit. */
  get isHungry(): boolean {
    return this.#appetite === Number.POSITIVE_INFINITY
  }

  connect(socketPath: string, path: string): void {
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

  /** Cuts the connection, which can be in the middle of an event. */
  cut(): void {
    this.#request?.destroy()
    if (this.#visit !== undefined) this.#leave(this.#visit)
  }

  /** Reads about this many bytes, then stops; `Infinity` reads without a limit, 0 stops at once. */
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
      // Bytes that arrive after the cut do not count.
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
