import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { PartsParser, type ReceivedEvent, type StreamParts } from './received.js'

export interface ReadOptions {
  /** Headers of the request, if the reader makes it. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** How long each wait may take before it fails with what came instead, in ms; that for the head of a URL too. @defaultValue 10_000 */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 10_000

/** How a stream ended: as HTTP ends a response, or torn off. */
export type StreamEnd = 'complete' | 'cut'

/** Which events to take. */
export type EventPredicate = (event: ReceivedEvent) => boolean

/** Where a reader's bytes come from. */
export interface ReaderSource {
  readonly status: number
  readonly headers: Headers
  readonly chunks: AsyncIterable<Uint8Array>
  /** Whether the bytes ended as they should, asked once they have. */
  readonly isComplete: () => boolean | Promise<boolean>
  readonly abort: () => void
}

/**
 * Reads an event stream: of a `fetch` response, of a URL, or of a Node stream such as an `IncomingMessage` or
 * `(await fastify.inject({ url, payloadAsStream: true })).stream()`.
 *
 * ```ts
 * const reader = await readEvents(`${url}/news`)
 * const [first] = await reader.take(1)
 * reader.abort()
 * ```
 *
 * Resolves when the head is there. Every wait has a time limit, and fails with what came instead.
 *
 * @throws {TypeError} the body of the response is read by somebody else
 */
export async function readEvents(
  source: string | URL | Response | Readable,
  { headers = {}, timeoutMs = TIMEOUT_MS }: ReadOptions = {},
): Promise<EventReader> {
  if (source instanceof Readable) return new EventReader(sourceOfStream(source), timeoutMs)
  if (typeof source !== 'string' && !(source instanceof URL)) {
    return new EventReader(sourceOfResponse(source, undefined), timeoutMs)
  }
  const controller = new AbortController()
  const late = new Error(`waited for the head of ${source}, but it did not come within ${timeoutMs} ms`)
  const timer = setTimeout(() => controller.abort(late), timeoutMs)
  const response = await fetch(source, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: controller.signal,
  }).finally(() => clearTimeout(timer))
  return new EventReader(sourceOfResponse(response, controller), timeoutMs)
}

/** A client of one event stream, for tests. It reads as fast as the stream comes, unless it is paused. */
export class EventReader implements StreamParts {
  readonly status: number
  readonly headers: Headers
  /** Everything received so far, as text. */
  text = ''
  /** Settles when the stream is over; it never rejects. */
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
    timeoutMs: number = TIMEOUT_MS,
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

  /** What an `EventSource` would send as `Last-Event-ID` now. */
  get lastEventId(): string {
    return this.events.filter(({ id }) => id !== undefined).at(-1)?.id ?? ''
  }

  /** Whether the stream is over, however it ended. */
  get isOver(): boolean {
    return this.#end !== undefined
  }

  /**
   * The next events that were not taken yet, of those that are wanted; the others are skipped. What the predicate throws
   * rejects, and the event it was asked about is skipped too.
   */
  async take(count: number, isWanted: EventPredicate = () => true): Promise<ReceivedEvent[]> {
    const taken: ReceivedEvent[] = []
    await this.until(() => {
      while (taken.length < count && this.#taken < this.events.length) {
        const event = this.events[this.#taken++] as ReceivedEvent
        if (isWanted(event)) taken.push(event)
      }
      return taken.length === count
    }, `${count} events`)
    return taken
  }

  /**
   * Resolves once the condition holds of what was received; fails if the stream ends first, or does not in time, and with
   * what the condition throws.
   */
  until(condition: (reader: this) => boolean, what = 'a condition'): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle()
        reject(new Error(`waited for ${what}, but ${why}; received ${JSON.stringify(this.text.slice(-2_000))}`))
      }
      const check = (): void => {
        try {
          if (condition(this)) {
            settle()
            resolve()
          } else if (this.#end !== undefined) fail(`the stream was ${this.#end}`)
        } catch (error) {
          // Of this wait alone: on its way up it would end the reading, and tell who waits of a stream that was cut.
          settle()
          reject(error)
        }
      }
      const settle = (): void => {
        clearTimeout(timer)
        this.#checks.delete(check)
      }
      const timer = setTimeout(() => fail(`it did not come within ${this.#timeoutMs} ms`), this.#timeoutMs)
      this.#checks.add(check)
      check()
    })
  }

  /** Resolves to how the stream ended; fails if it does not in time. */
  async end(): Promise<StreamEnd> {
    await this.until(() => this.#end !== undefined, 'the end')
    return this.#end as StreamEnd
  }

  /** Stops to read, so that the sender's buffers fill. */
  pause(): void {
    this.#gate ??= new Promise((resolve) => {
      this.#openGate = resolve
    })
  }

  /** Reads on. */
  resume(): void {
    this.#openGate?.()
    this.#gate = undefined
  }

  /** Leaves, as a closed browser tab does. Idempotent. */
  abort(): void {
    this.resume()
    this.#source.abort()
  }

  async #read(): Promise<StreamEnd> {
    // Kept across chunks, since a character may be cut in two by their border.
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
      // A connection that breaks is an end like any other.
    }
    this.#end = end
    this.#check()
    return end
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}

function sourceOfResponse(response: Response, controller: AbortController | undefined): ReaderSource {
  const { body, status, headers } = response
  // A body that is iterated over is locked: only who reads it can leave.
  const reader = body?.getReader()
  let hasLeft = false
  return {
    status,
    headers,
    chunks: chunksOf(reader),
    isComplete: () => !hasLeft,
    abort: () => {
      hasLeft = true
      controller?.abort()
      // One that is broken already has told so to who reads.
      void reader?.cancel().catch(() => {})
    },
  }
}

async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) yield read.value
}

function sourceOfStream(stream: Readable): ReaderSource {
  const { statusCode = 200, headers = {} } = stream as { statusCode?: number; headers?: IncomingHttpHeaders }
  return {
    status: statusCode,
    headers: headersOf(headers),
    chunks: stream,
    isComplete: () => true,
    abort: () => stream.destroy(),
  }
}

/** The headers of a Node message as `Headers`; repeated ones joined. */
export function headersOf(headers: IncomingHttpHeaders): Headers {
  const result = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has fields of its own, which start with a colon.
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) result.append(name, String(one))
  }
  return result
}
