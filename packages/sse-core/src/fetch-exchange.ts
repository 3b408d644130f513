import { EventEmitter } from 'node:events'
import { shown } from './shown.js'

/** What a response needs to know of its request, read from one of the Fetch API. */
export class FetchRequest {
  readonly method: string
  /** The path and the query, as in Node. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly #unread: Request | undefined

  /**
   * @param isUnread whether nobody is going to read the body
   * @throws {TypeError} it is not a `Request`
   */
  constructor(request: Request, isUnread: boolean) {
    // Not `instanceof`: frameworks have classes of their own.
    if (typeof request?.url !== 'string' || typeof request.headers?.get !== 'function') {
      throw new TypeError(`request must be a Request of the Fetch API (in Hono: c.req.raw), not ${shown(request)}`)
    }
    const { pathname, search } = new URL(request.url, 'http://localhost')
    this.method = request.method
    this.url = pathname + search
    this.headers = Object.fromEntries(request.headers)
    // To ask for a body may make the server create one.
    if (isUnread && this.method !== 'GET' && this.method !== 'HEAD') this.#unread = request
  }

  /** `null` if there is a body to discard, as in Node. */
  get readableFlowing(): boolean | null {
    const request = this.#unread
    return request === undefined || request.body === null || request.body.locked || request.bodyUsed ? false : null
  }

  /** Discards the body. */
  resume(): void {
    // Read rather than cancelled, since servers may leave unread what is cancelled.
    this.#unread?.body?.pipeTo(new WritableStream()).catch(() => {})
  }
}

/**
 * A response that is written as one of Node is, and handed out as one of the Fetch API when its headers are sent.
 *
 * Its body is given away only when the server asks for it, and nothing in advance. So it is full until the server asks
 * again, `drain` means that the client reads, and `finish` that the server has sent everything. And a response that
 * nobody reads, because other code has answered instead, counts as a slow client.
 */
export class FetchResponse extends EventEmitter {
  readonly req: FetchRequest
  statusCode = 200
  headersSent = false
  /** Whether `end()` was called. */
  writableEnded = false
  /** Whether the server has everything. */
  writableFinished = false
  destroyed = false
  readonly #onHead: (response: Response) => void
  #headers: Headers | undefined = new Headers()
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  #waiting: Uint8Array[] = []
  #isAsked = false

  /** @param onHead called once: with an empty response if the client is gone before the headers are sent */
  constructor(req: FetchRequest, onHead: (response: Response) => void) {
    super()
    this.req = req
    this.#onHead = onHead
  }

  hasHeader(name: string): boolean {
    return this.#headers?.has(name) === true
  }

  setHeader(name: string, value: number | string | readonly string[]): void {
    this.#headers?.delete(name)
    for (const one of Array.isArray(value) ? value : [value]) this.#headers?.append(name, `${one}`)
  }

  removeHeader(name: string): void {
    this.#headers?.delete(name)
  }

  /** Sends the response headers. A body follows, unless the request is `HEAD`. */
  writeHead(status: number): void {
    this.statusCode = status
    this.#sendHead(this.req.method === 'HEAD' ? null : this.#openBody())
  }

  /** Returns false until the server has taken it, and `drain` is emitted. */
  write(chunk: Uint8Array): boolean {
    if (this.#body === undefined) return true
    this.#waiting.push(chunk)
    return this.#give()
  }

  end(text?: string): void {
    if (text !== undefined) {
      if (!this.headersSent) this.writeHead(this.statusCode)
      this.write(Buffer.from(text))
    }
    if (!this.headersSent) this.#sendHead(null)
    this.writableEnded = true
    if (this.#body === undefined) this.#finish()
    else this.#give()
  }

  /** Breaks the response off, so that the client sees that it is not complete. */
  destroy(): void {
    const body = this.#close()
    // Some servers log no error of this name. To some it must not look like one of Node's: they would leave the socket open.
    body?.error(Object.assign(new Error('the stream was broken off'), { name: 'AbortError' }))
  }

  /** Ends it for a client that has disconnected: an error of the body would only be logged. */
  abandon(): void {
    const body = this.#close()
    body?.close()
  }

  /** Releases everything, and returns the body that is still open. */
  #close(): ReadableStreamDefaultController<Uint8Array> | undefined {
    if (this.destroyed) return undefined
    const body = this.#body
    this.destroyed = true
    this.#body = undefined
    this.#waiting = []
    // Nobody receives it, but the server may log it: 499 is what nginx logs for a client that has disconnected.
    if (!this.headersSent) this.#onHead(new Response(null, { status: 499 }))
    queueMicrotask(() => this.emit('close'))
    return body
  }

  #finish(): void {
    this.writableFinished = true
    queueMicrotask(() => this.emit('finish'))
    this.abandon()
  }

  /** Gives the server what is waiting, if it asks. Returns false if something still waits. */
  #give(): boolean {
    const waiting = this.#waiting
    if (!this.#isAsked) return waiting.length === 0
    if (waiting.length > 0) {
      this.#isAsked = false
      this.#waiting = []
      this.#body?.enqueue(join(waiting))
    } else if (this.writableEnded) this.#finish()
    return true
  }

  #sendHead(body: ReadableStream<Uint8Array> | null): void {
    this.#onHead(new Response(body, { status: this.statusCode, headers: this.#headers ?? {} }))
    this.headersSent = true
    this.#headers = undefined
  }

  #openBody(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller
        },
        pull: () => {
          const wasFull = this.#waiting.length > 0
          this.#isAsked = true
          this.#give()
          if (wasFull) this.emit('drain')
        },
        cancel: () => {
          // It is closed already.
          this.#body = undefined
          this.abandon()
        },
      },
      { highWaterMark: 0 },
    )
  }
}

/** Copies chunks into one. They are shared by all clients, and what reads a body may transfer or change its chunks. */
function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((size, { length }) => size + length, 0))
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}
