import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser, type EventSourceParser } from 'eventsource-parser'

/**
 * How a connection breaks: reset; half-closed by the client, which still reads; destroyed with received data unread; reset in
 * the middle of a frame whose beginning the client has parsed.
 */
export const CUTS = ['reset', 'fin', 'destroy', 'within'] as const
export type Cut = (typeof CUTS)[number]

/** Reads a stream of numbers, reconnects with its last event id whenever it is cut, and records what it received. */
export class ResumingReader {
  /** The numbers received, in order; a gap is `null`. */
  readonly numbers: (number | null)[] = []
  reconnects = -1
  isPaused = false
  readonly #url: string
  readonly #onRead: (reader: this) => void
  #lastEventId = ''
  #away: number | Promise<void> = 0
  #isDone = false
  #isCutWithin = false
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined

  constructor(url: string, onRead: (reader: ResumingReader) => void) {
    this.#url = url
    this.#onRead = onRead
    this.#connect()
  }

  /**
   * Cuts the connection at whatever byte it is. The reader reconnects after a while, and is no longer paused.
   *
   * @param away how long it waits before it reconnects, in ms, or a promise to wait for
   */
  cut(how: Cut = 'destroy', away: number | Promise<void> = 0): void {
    this.#away = away
    const socket = this.#request?.socket
    if (how === 'within' && this.#response !== undefined) this.#isCutWithin = true
    else if (how === 'fin' && socket?.readyState === 'open') socket.end()
    else if (how === 'reset') this.#reset()
    else this.#request?.destroy()
    this.resume()
  }

  /** Stops reading, until it is resumed or cut. */
  pause(): void {
    this.isPaused = true
    this.#response?.pause()
  }

  resume(): void {
    this.isPaused = false
    this.#response?.resume()
  }

  /** Disconnects and does not reconnect. */
  leave(): void {
    this.#isDone = true
    this.cut()
  }

  #connect(): void {
    if (this.#isDone) return
    this.reconnects += 1
    const headers = this.#lastEventId === '' ? {} : { 'Last-Event-ID': this.#lastEventId }
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) this.#lastEventId = id
        if (event === 'sse-checkpoint') return
        this.numbers.push(event === 'sse-gap' ? null : Number.parseInt(data, 10))
        this.#onRead(this)
      },
    })
    this.#request = get(this.#url, { agent: false, headers }, (response) => {
      this.#response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => this.#read(parser, text))
      response.on('error', () => {})
      if (this.isPaused) response.pause()
    })
    this.#request.on('error', () => {})
    this.#request.on('close', () => {
      this.#response = undefined
      if (typeof this.#away === 'number') setTimeout(() => this.#connect(), this.#away)
      else void this.#away.then(() => this.#connect())
    })
  }

  #read(parser: EventSourceParser, text: string): void {
    if (!this.#isCutWithin) {
      parser.feed(text)
      return
    }
    this.#isCutWithin = false
    parser.feed(text.slice(0, Math.floor(Math.random() * text.length)))
    // The rest is lost with the connection.
    parser.feed = () => {}
    this.#reset()
  }

  #reset(): void {
    const socket = this.#request?.socket
    // A socket that is ending cannot be reset: Node fails to, and then never closes it.
    if (socket?.readyState === 'open') socket.resetAndDestroy()
    else this.#request?.destroy()
  }
}

/** Lists the faults of a sequence: each number from `first` to `last` must come once, in order, or be covered by a gap. */
export function faultsOf(numbers: readonly (number | null)[], last: number, first = 0): string[] {
  const faults: string[] = []
  let previous: number | undefined
  let isGapTold = false
  for (const number of numbers) {
    if (number === null) {
      isGapTold = true
      continue
    }
    if (previous === undefined && number > first && !isGapTold) faults.push(`begins with ${number}`)
    if (previous !== undefined && number <= previous) faults.push(`${number} after ${previous}`)
    if (previous !== undefined && number > previous + 1 && !isGapTold) faults.push(`${previous} to ${number} untold`)
    if (previous !== undefined && number === previous + 1 && isGapTold) faults.push(`no gap before ${number}`)
    previous = number
    isGapTold = false
  }
  if (previous !== last) faults.push(`ends with ${previous}, not ${last}`)
  return faults
}
