import { Writable } from 'node:stream'

/** What a response needs to know of its request, read from one of the Fetch API. */
export class FetchRequest {
  readonly method: string
  /** The path and the query, as in Node. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly #request: Request

  constructor(request: Request) {
    const { pathname, search } = new URL(request.url)
    this.method = request.method
    this.url = pathname + search
    this.headers = Object.fromEntries(request.headers)
    this.#request = request
  }

  /** `null` if there is a body that nobody reads, as in Node. */
  get readableFlowing(): boolean | null {
    // First the method: to ask a server for the body may make it create one.
    if (this.method === 'GET' || this.method === 'HEAD') return false
    const { body } = this.#request
    return body === null || body.locked || this.#request.bodyUsed ? false : null
  }

  /** Discards the body. */
  resume(): void {
    // Read rather than cancelled, since servers may leave unread what is cancelled.
    this.#request.body?.pipeTo(new WritableStream()).catch(() => {})
  }
}

/** A chunk that nobody has asked for yet. */
interface Offer {
  readonly chunk: Uint8Array
  /** To be called when it is taken. */
  readonly onTaken: () => void
}

/**
 * A response that is written as one of Node is, and handed out as one of the Fetch API when its headers are sent.
 *
 * The only buffer is the `Writable`'s: a chunk leaves it when the server asks for it. So `drain` means that the client
 * reads, and `finish` that the server has everything.
 */
export class FetchResponse extends Writable {
  readonly req: FetchRequest
  statusCode = 200
  headersSent = false
  readonly #headers = new Headers()
  readonly #onHead: (response: Response) => void
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  #offer: Offer | undefined
  #isAsked = false

  /** @param onHead called once, with a response that has no body if this is destroyed first */
  constructor(req: FetchRequest, onHead: (response: Response) => void) {
    super()
    this.req = req
    this.#onHead = onHead
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name)
  }

  setHeader(name: string, value: number | string | readonly string[]): void {
    this.#headers.delete(name)
    for (const one of Array.isArray(value) ? value : [value]) this.#headers.append(name, `${one}`)
  }

  removeHeader(name: string): void {
    this.#headers.delete(name)
  }

  /** Sends the response headers. A body follows, unless the request is `HEAD`. */
  writeHead(status: number): void {
    this.statusCode = status
    this.#sendHead(this.req.method === 'HEAD' ? null : this.#openBody())
  }

  /** Ends it for a client that is gone. */
  abandon(): void {
    const body = this.#body
    this.#body = undefined
    body?.close()
    this.destroy()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, onTaken: () => void): void {
    if (!this.headersSent) this.writeHead(this.statusCode)
    if (this.#body === undefined) onTaken()
    else if (this.#isAsked) {
      this.#isAsked = false
      this.#body.enqueue(chunk)
      onTaken()
    } else this.#offer = { chunk, onTaken }
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], onTaken: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', onTaken)
  }

  override _final(callback: () => void): void {
    if (!this.headersSent) this.#sendHead(null)
    this.#body?.close()
    this.#body = undefined
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // Nobody will receive it, but the server may log it: 499 is what nginx logs for a client that is gone.
    if (!this.headersSent) this.#onHead(new Response(null, { status: 499 }))
    // So that the server breaks the response off, and its client sees that it is not complete.
    this.#body?.error(error ?? new Error('the stream was broken off'))
    this.#body = undefined
    this.#offer = undefined
    callback(error)
  }

  #sendHead(body: ReadableStream<Uint8Array> | null): void {
    this.headersSent = true
    this.#onHead(new Response(body, { status: this.statusCode, headers: this.#headers }))
  }

  #openBody(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller
        },
        pull: (controller) => {
          const offer = this.#offer
          this.#isAsked = offer === undefined
          if (offer === undefined) return
          this.#offer = undefined
          controller.enqueue(offer.chunk)
          offer.onTaken()
        },
        // The client has disconnected.
        cancel: () => {
          this.#body = undefined
          this.abandon()
        },
      },
      // Asked for what a `read()` waits for, and for nothing in advance.
      { highWaterMark: 0 },
    )
  }
}
