import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { errorOfCall } from '../call-error.js'
import { defaultTimeoutMs, within } from '../time-limit.js'
import { type RawRequest, rawRequest } from './raw-request.js'
import { type RawResponse, RawResponses } from './raw-response.js'

/** An HTTP/1 client that can misbehave: it owns its socket, and does nothing unless told to. */
export class RawClient {
  /** Resolves when the connection is closed, whichever side closed it. */
  readonly closed: Promise<void>
  // Under TLS, the socket below it: only a plain socket can be reset.
  readonly #tcp: Socket
  readonly #socket: Socket
  readonly #timeoutMs: number
  readonly #isHead: boolean[] = []
  readonly #responses: RawResponses = new RawResponses((index) => this.#isHead[index] === true)
  readonly #checks = new Set<() => void>()
  #error: unknown
  #isClosed = false
  #bytesRead = 0
  // How many more bytes it may read, and those received that must wait.
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
  static async connect(url: string | URL, timeoutMs: number = defaultTimeoutMs()): Promise<RawClient> {
    const { protocol, hostname, port, origin } = new URL(url)
    const tcp = connectTcp({ host: hostname, port: Number(port), noDelay: true })
    const connected = async (): Promise<Socket> => {
      await once(tcp, 'connect')
      if (protocol !== 'https:') return tcp
      const socket = connectTls({ socket: tcp, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      return socket
    }
    try {
      return new RawClient(tcp, await within(connected(), `a connection to ${origin}`, timeoutMs), timeoutMs)
    } catch (error) {
      tcp.destroy()
      throw error
    }
  }

  /** The responses received so far; the last one may be incomplete. */
  get responses(): readonly RawResponse[] {
    return this.#responses.all
  }

  /** How many bytes have been read, headers and framing included. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Sends requests one after another, without waiting for responses. */
  send(...requests: readonly RawRequest[]): this {
    for (const request of requests) this.#isHead.push(request.method === 'HEAD')
    return this.sendBytes(Buffer.concat(requests.map(rawRequest)))
  }

  /** Sends bytes that need not be a request. */
  sendBytes(bytes: string | Buffer): this {
    this.#socket.write(bytes)
    return this
  }

  /** Resolves with the response at this index, once its headers have arrived. */
  async response(index = 0): Promise<RawResponse> {
    await this.#wait(() => this.responses.length > index, `response ${index}`, errorOfCall(this.response))
    return this.responses[index] as RawResponse
  }

  /** Resolves with the response at this index, once it is complete. */
  async whole(index = 0): Promise<RawResponse> {
    const isWhole = (): boolean => this.responses[index]?.isComplete === true
    await this.#wait(isWhole, `all of response ${index}`, errorOfCall(this.whole))
    return this.responses[index] as RawResponse
  }

  /** Resolves once the condition holds; rejects if the connection closes first, or if it does not hold in time. */
  until(condition: () => boolean, what = 'a condition'): Promise<void> {
    return this.#wait(condition, what, errorOfCall(this.until))
  }

  #wait(condition: () => boolean, what: string, error: Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string, cause?: unknown): void => {
        settle()
        const received = this.responses.map(({ status, text }) => `${status} ${JSON.stringify(text.slice(-1_000))}`)
        error.message = `waited for ${what}, then ${why}; received ${received.join(', ') || 'nothing'}`
        if (cause !== undefined) error.cause = cause
        reject(error)
      }
      const check = (): void => {
        if (this.#error !== undefined) fail(`the response is not valid HTTP: ${String(this.#error)}`, this.#error)
        else if (condition()) {
          settle()
          resolve()
        } else if (this.#isClosed) fail('the connection was closed')
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

  /** Stops reading: a stalled client, whose TCP window closes. */
  pause(): this {
    this.#socket.pause()
    return this
  }

  /** Continues reading. */
  resume(): this {
    this.#socket.resume()
    return this
  }

  /** From now on, reads one byte per turn of the event loop. */
  trickle(): this {
    this.#isTrickling = true
    return this.drip()
  }

  /** From now on, reads only what `readBytes()` asks for: one byte a second, say, or exactly up to a certain byte. */
  drip(): this {
    this.#appetite = this.#isTrickling ? 1 : 0
    return this
  }

  /**
   * After `drip()`: reads this many bytes, one by one. Rejects if the connection closes first, or if they do not arrive
   * in time.
   */
  async readBytes(count: number): Promise<void> {
    const end = this.#bytesRead + count
    this.#appetite = count
    this.#nibble()
    await this.#wait(() => this.#bytesRead >= end, `${count} bytes`, errorOfCall(this.readBytes))
  }

  /** Ends its own half of the connection and continues to read: a half-closed connection. */
  halfClose(): this {
    this.#socket.end()
    return this
  }

  /** Resets the connection, as the kernel of a crashed machine does. */
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
