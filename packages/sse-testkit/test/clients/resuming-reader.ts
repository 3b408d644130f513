import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'

/** Reads a stream of numbers, comes back with its last id whenever it is cut, and keeps the books. */
export class ResumingReader {
  /** What it got, in order; a gap that it was told of is a `null`. */
  readonly numbers: (number | null)[] = []
  reconnects = -1
  isPaused = false
  readonly #url: string
  readonly #onRead: (reader: this) => void
  #lastEventId = ''
  #awayMs = 0
  #isDone = false
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined

  constructor(url: string, onRead: (reader: ResumingReader) => void) {
    this.#url = url
    this.#onRead = onRead
    this.#connect()
  }

  /** Cuts the connection at whatever byte it is. It comes back after a while. */
  cut(awayMs = 0): void {
    this.#awayMs = awayMs
    this.#request?.destroy()
  }

  /** Stops to read, until it is resumed or cut. */
  pause(): void {
    this.isPaused = true
    this.#response?.pause()
  }

  resume(): void {
    this.isPaused = false
    this.#response?.resume()
  }

  /** Leaves for good. */
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
      response.on('data', (text: string) => parser.feed(text))
      response.on('error', () => {})
      if (this.isPaused) response.pause()
    })
    this.#request.on('error', () => {})
    this.#request.on('close', () => setTimeout(() => this.#connect(), this.#awayMs))
  }
}

/** Where a sequence breaks the promise: each number once, in order, every hole told. */
export function faultsOf(numbers: readonly (number | null)[], last: number): string[] {
  const faults: string[] = []
  let previous: number | undefined
  let isGapTold = false
  for (const number of numbers) {
    if (number === null) {
      isGapTold = true
      continue
    }
    if (previous !== undefined && number <= previous) faults.push(`${number} after ${previous}`)
    if (previous !== undefined && number > previous + 1 && !isGapTold) faults.push(`${previous} to ${number} untold`)
    previous = number
    isGapTold = false
  }
  if (previous !== last) faults.push(`ends with ${previous}, not ${last}`)
  return faults
}
