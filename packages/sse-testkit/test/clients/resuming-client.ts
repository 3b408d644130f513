import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'

/**
 * How a connection breaks: reset; half-closed by the client, which still reads; destroyed with received data unread; reset in
 * the middle of a frame whose beginning the client has parsed.
 */
export const CUTS = ['reset', 'fin', 'destroy', 'within'] as const
export type Cut = (typeof CUTS)[number]

/** Reads a stream, and reconnects with its last event id whenever it is cut. */
export abstract class ResumingClient {
  reconnects = -1
  isPaused = false
  readonly #nextUrl: () => string
  #lastEventId = ''
  #away: number | Promise<void>
  #isDone = false
  #isCutWithin = false
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined

  /**
   * @param nextUrl where it connects to, each time
   * @param awayMs how long it waits before it reconnects, until `cut()` says otherwise
   */
  constructor(nextUrl: () => string, awayMs = 0) {
    this.#nextUrl = nextUrl
    this.#away = awayMs
    this.#connect()
  }

  /** Receives an event. */
  protected abstract receive(message: EventSourceMessage): void

  /** A response has begun. */
  protected opened(_status: number, _lastEventId: string): void {}

  /**
   * Cuts the connection at whatever byte it is. The client reconnects after a while, and is no longer paused.
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
      onEvent: (message) => {
        if (message.id !== undefined) this.#lastEventId = message.id
        this.receive(message)
      },
    })
    this.#request = get(this.#nextUrl(), { agent: false, headers }, (response) => {
      this.#response = response
      this.opened(response.statusCode ?? 0, this.#lastEventId)
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
