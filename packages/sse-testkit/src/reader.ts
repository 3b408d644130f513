import { Readable } from 'node:stream'
import { errorOfCall } from './call-error.js'
import { answerOf, eventCount } from './messages.js'
import {
  type InjectedResponse,
  type ReaderSource,
  sourceOfInjection,
  sourceOfResponse,
  sourceOfStream,
} from './reader-source.js'
import { lastEventIdOf, PartsParser, type ReceivedEvent, type StreamParts } from './received.js'
import { defaultTimeoutMs } from './time-limit.js'

export interface ReadOptions {
  /** Request headers, when the reader makes the request itself. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * How long each wait may take, in ms, that for the response headers of a URL included. A wait that takes longer fails
   * and says what was received instead. @defaultValue 4_000, or the environment variable `SSE_TESTKIT_TIMEOUT_MS`
   */
  readonly timeoutMs?: number | undefined
}

/** How a stream ended: properly, as HTTP ends a response, or broken off. */
export type StreamEnd = 'complete' | 'cut'

/** Says which events to take. */
export type EventPredicate = (event: ReceivedEvent) => boolean

/**
 * Reads an event stream from a URL, from a `fetch` response, from `await fastify.inject({ url, payloadAsStream: true })`,
 * or from a Node stream such as an `IncomingMessage`.
 *
 * ```ts
 * const reader = await readEvents(`${url}/news`)
 * const first = await reader.next()
 * reader.abort()
 * ```
 *
 * Resolves once the response headers have arrived. Every wait has a time limit; if it expires, the wait fails and says
 * what was received instead.
 *
 * @throws {TypeError} the response body is already being read elsewhere
 */
export async function readEvents(
  source: string | URL | Response | InjectedResponse | Readable,
  { headers = {}, timeoutMs = defaultTimeoutMs() }: ReadOptions = {},
): Promise<EventReader> {
  if (source instanceof Readable) return new EventReader(sourceOfStream(source), timeoutMs)
  if (typeof source !== 'string' && !(source instanceof URL)) {
    if ('stream' in source) return new EventReader(sourceOfInjection(source), timeoutMs)
    return new EventReader(sourceOfResponse(source, undefined), timeoutMs)
  }
  const controller = new AbortController()
  const late = new Error(`waited for the response headers of ${source}, then ${timeoutMs} ms passed`)
  const timer = setTimeout(() => controller.abort(late), timeoutMs)
  const response = await fetch(source, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: controller.signal,
  }).finally(() => clearTimeout(timer))
  return new EventReader(sourceOfResponse(response, controller), timeoutMs)
}

/** A client of one event stream, for tests. It reads as fast as data arrives, unless it is paused. */
export class EventReader implements StreamParts {
  /** The status of the response; 0 if the source is a stream that has none. */
  readonly status: number
  readonly headers: Headers
  /** Everything received so far, as text. */
  text = ''
  /** Resolves when the stream is over; it never rejects. */
  readonly ended: Promise<StreamEnd>
  readonly #source: ReaderSource
  readonly #timeoutMs: number
  readonly #parts = new PartsParser()
  readonly #checks = new Set<() => void>()
  #taken = 0
  #end: StreamEnd | undefined
  #gate: Promise<void> | undefined
  #openGate: (() => void) | undefined

  constructor(
    source: ReaderSource,
    timeoutMs: number = defaultTimeoutMs(),
    { isPaused = false }: { readonly isPaused?: boolean | undefined } = {},
  ) {
    this.status = source.status
    this.headers = source.headers
    this.#source = source
    this.#timeoutMs = timeoutMs
    if (isPaused) this.pause()
    this.ended = this.#read()
  }

  /** All events received so far. */
  get events(): ReceivedEvent[] {
    return this.#parts.events
  }

  get comments(): string[] {
    return this.#parts.comments
  }

  get retries(): number[] {
    return this.#parts.retries
  }

  get mistakes(): Error[] {
    return this.#parts.mistakes
  }

  /** What an `EventSource` would send as `Last-Event-ID` if it reconnected now. */
  get lastEventId(): string {
    return lastEventIdOf(this.text)
  }

  /** Whether the stream is over, however it ended. */
  get isOver(): boolean {
    return this.#end !== undefined
  }

  /**
   * Takes the next `count` events that satisfy the predicate and were not taken before; others are skipped. If the
   * predicate throws, the call rejects with its error, and the event in question is skipped too.
   */
  take(count: number, isWanted?: EventPredicate): Promise<ReceivedEvent[]> {
    return this.#take(count, isWanted, errorOfCall(this.take))
  }

  /** Takes the next event that satisfies the predicate, as `take(1)` does. */
  async next(isWanted?: EventPredicate): Promise<ReceivedEvent> {
    const [event] = await this.#take(1, isWanted, errorOfCall(this.next))
    return event as ReceivedEvent
  }

  async #take(count: number, isWanted: EventPredicate = () => true, error: Error): Promise<ReceivedEvent[]> {
    const taken: ReceivedEvent[] = []
    const isDone = (): boolean => {
      while (taken.length < count && this.#taken < this.events.length) {
        const event = this.events[this.#taken++] as ReceivedEvent
        if (isWanted(event)) taken.push(event)
      }
      return taken.length === count
    }
    const what = (): string => `${eventCount(count)}, got ${taken.length}`
    await this.#wait(isDone, what, error)
    return taken
  }

  /**
   * Resolves once the condition holds. Rejects if the stream ends first, if the condition does not hold in time, or
   * with the error that the condition throws.
   */
  until(condition: (reader: this) => boolean, what = 'a condition'): Promise<void> {
    return this.#wait(condition, () => what, errorOfCall(this.until))
  }

  /** Resolves with how the stream ended; rejects if it does not end in time. */
  async end(): Promise<StreamEnd> {
    await this.#wait(
      () => this.#end !== undefined,
      () => 'the end',
      errorOfCall(this.end),
    )
    return this.#end as StreamEnd
  }

  #wait(condition: (reader: this) => boolean, what: () => string, error: Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle()
        error.message = `waited for ${what()}, then ${why}; ${answerOf(this.status, this.headers.get('content-type'), this.text)}`
        reject(error)
      }
      const check = (): void => {
        try {
          if (condition(this)) {
            settle()
            resolve()
          } else if (this.#end !== undefined) fail(`the stream was ${this.#end}`)
        } catch (error) {
          // Fails this wait only: thrown further, the error would stop the reading, and other waits would report a cut
          // stream.
          settle()
          reject(error)
        }
      }
      const settle = (): void => {
        clearTimeout(timer)
        this.#checks.delete(check)
      }
      const timer = setTimeout(() => fail(`${this.#timeoutMs} ms passed`), this.#timeoutMs)
      this.#checks.add(check)
      check()
    })
  }

  /** Stops reading, so that the sender's buffers fill. */
  pause(): void {
    this.#gate ??= new Promise((resolve) => {
      this.#openGate = resolve
    })
  }

  /** Continues reading. */
  resume(): void {
    this.#openGate?.()
    this.#gate = undefined
  }

  /**
   * Disconnects, as a closed browser tab does. Of a stream that is no response, it only destroys this end: for
   * `fastify.inject()`, pass the response and not its `stream()`. Idempotent.
   */
  abort(): void {
    this.resume()
    this.#source.abort()
  }

  async #read(): Promise<StreamEnd> {
    // Kept across chunks: a chunk may end in the middle of a character.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    let end: StreamEnd = 'cut'
    try {
      if (this.#gate !== undefined) await this.#gate
      for await (const chunk of this.#source.chunks) {
        const text = decoder.decode(chunk, { stream: true })
        this.text += text
        this.#parts.feed(text)
        this.#check()
        if (this.#gate !== undefined) await this.#gate
      }
      if (await this.#source.isComplete()) end = 'complete'
    } catch {
      // A broken connection is an end like any other.
    }
    this.#end = end
    this.#check()
    return end
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}
