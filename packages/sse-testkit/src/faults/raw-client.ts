import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type RawRequest, rawRequest } from './raw-request.js'
import { type RawResponse, RawResponses } from './raw-response.js'

/** An HTTP/1 client that may be as rude as a test needs: it owns its socket, and nothing is done unasked. */
export class RawClient {
  /** Settles when the connection is closed, by whomever. */
  readonly closed: Promise<void>
  // Under TLS the one below it, since only a plain socket can be reset.
  readonly #tcp: Socket
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #isHead: boolean[] = []
  readonly #responses: RawResponses = new RawResponses((index) => this.#isHead[index] === true)
  readonly #checks = new Set<() => void>()
  #error: unknown
  #isClosed = false
  #bytesRead = 0
  // How many bytes it will still read, and those that wait for it.
  #appetite = Number.POSITIVE_INFINITY
  #unread: Buffer | undefined
  #isTrickling = false
  #isTurnAwaited = false

  private constructor(tcp: Socket, socket: Socket, timeoutMs: number) {
    this.#tcp = tcp
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    tcp.on('error', () => {})
    socket.on('error', () => {})
    socket.on('data', (bytes) => this.#receive(bytes))
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#responses.end()
        this.#check()
        resolve()
      })
    })
  }

  /** Connects to the server of a URL; certificates are not verified. */
  static async connect(url: string | URL, timeoutMs = 10_000): Promise<RawClient> {
    const { protocol, hostname, port } = new URL(url)
    const tcp = connectTcp({ host: hostname, port: Number(port), noDelay: true })
    await once(tcp, 'connect')
    if (protocol !== 'https:') return new RawClient(tcp, tcp, timeoutMs)
    const socket = connectTls({ socket: tcp, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    return new RawClient(tcp, socket, timeoutMs)
  }

  /** What has come so far; the last one may be incomplete. */
  get responses(): readonly RawResponse[] {
    return this.#responses.all
  }

  /** How many bytes have been read, heads and framing among them. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Sends requests one behind the other, without waiting for answers. */
  send(...requests: readonly RawRequest[]): this {
    for (const request of requests) this.#isHead.push(request.method === 'HEAD')
    return this.sendBytes(Buffer.concat(requests.map(rawRequest)))
  }

  /** Sends bytes that need not be a request. */
  sendBytes(bytes: string | Buffer): this {
    this.#socket.write(bytes)
    return this
  }

  /** The response of this number, once its head is there. */
  async response(index = 0): Promise<RawResponse> {
    await this.until(() => this.responses.length > index, `response ${index}`)
    return this.responses[index] as RawResponse
  }

  /** The response of this number, once all of it is there. */
  async whole(index = 0): Promise<RawResponse> {
    await this.until(() => this.responses[index]?.isComplete === true, `all of response ${index}`)
    return this.responses[index] as RawResponse
  }

  /** Resolves once the condition holds; fails if the connection closes first, or it does not hold in time. */
  until(condition: () => boolean, what = 'a condition'): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string, cause?: unknown): void => {
        settle()
        const received = this.responses.map(({ status, text }) => `${status} ${JSON.stringify(text.slice(-1_000))}`)
        reject(new Error(`waited for ${what}, but ${why}; received ${received.join(', ') || 'nothing'}`, { cause }))
      }
      const check = (): void => {
        if (this.#error !== undefined) fail(`what came is no HTTP: ${String(this.#error)}`, this.#error)
        else if (condition()) {
          settle()
          resolve()
        } else if (this.#isClosed) fail('the connection was closed')
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

  /** Stops to read: a stalled client, whose window closes. */
  pause(): this {
    this.#socket.pause()
    return this
  }

  /** Reads on. */
  resume(): this {
    this.#socket.resume()
    return this
  }

  /** From now on reads one byte a turn. */
  trickle(): this {
    this.#isTrickling = true
    return this.drip()
  }

  /** From now on reads only what `readBytes()` is asked for: a byte a second, or up to a certain byte and no further. */
  drip(): this {
    this.#appetite = this.#isTrickling ? 1 : 0
    return this
  }

  /** After `drip()`: reads so many bytes, one by one. Fails if the connection closes first, or they do not come in time. */
  async readBytes(count: number): Promise<void> {
    const end = this.#bytesRead + count
    this.#appetite = count
    this.#nibble()
    await this.until(() => this.#bytesRead >= end, `${count} bytes`)
  }

  /** Says that it will send nothing more, and goes on reading: a half-open connection. */
  halfClose(): this {
    this.#socket.end()
    return this
  }

  /** Resets the connection, as a crashed machine's kernel does. */
  reset(): this {
    this.#tcp.resetAndDestroy()
    this.#socket.destroy()
    return this
  }

  /** Closes the connection. Idempotent. */
  destroy(): void {
    this.#socket.destroy()
    this.#tcp.destroy()
  }

  #receive(bytes: Buffer): void {
    if (this.#appetite === Number.POSITIVE_INFINITY) {
      this.#feed(bytes)
      return
    }
    this.#socket.pause()
    this.#unread = bytes
    this.#nibble()
  }

  #nibble(): void {
    while (this.#appetite > 0 && this.#unread !== undefined) {
      const bytes: Buffer = this.#unread
      this.#appetite -= 1
      this.#unread = bytes.length > 1 ? bytes.subarray(1) : undefined
      this.#feed(bytes.subarray(0, 1))
      if (this.#unread === undefined) this.#socket.resume()
    }
    if (!this.#isTrickling || this.#appetite > 0 || this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    setImmediate(() => {
      this.#isTurnAwaited = false
      this.#appetite = 1
      this.#nibble()
    })
  }

  #feed(bytes: Buffer): void {
    this.#bytesRead += bytes.length
    try {
      if (this.#error === undefined) this.#responses.feed(bytes)
    } catch (error) {
      this.#error = error
    }
    this.#check()
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}
