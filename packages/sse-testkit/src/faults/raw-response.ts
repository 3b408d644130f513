import { PartsParser } from '../received.js'

/** One HTTP/1 response as received, with every byte of its framing checked. */
export class RawResponse extends PartsParser {
  readonly status: number
  /** The header lines in the order received, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body of each chunk; for a body without chunks, of each read. */
  readonly chunks: string[] = []
  isComplete = false
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  constructor(head: string) {
    super()
    const [statusLine = '', ...lines] = head.split('\r\n')
    this.status = Number(statusLine.split(' ')[1])
    this.headers = lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    })
  }

  /** The body received so far. */
  get text(): string {
    return this.chunks.join('')
  }

  /** All values of a header. */
  header(name: string): string[] {
    return this.headers.filter(([key]) => key === name).map(([, value]) => value)
  }

  /** @internal */
  addChunk(bytes: Buffer): void {
    const text = this.#decoder.decode(bytes, { stream: true })
    this.chunks.push(text)
    this.feed(text)
  }
}

/**
 * Splits the bytes of a connection into responses. It is strict where HTTP clients are lenient: bytes that belong to no
 * response, and chunks whose framing is off by a byte, are errors.
 */
export class RawResponses {
  readonly all: RawResponse[] = []
  #bytes: Buffer = Buffer.alloc(0)
  // Joined only once enough have arrived: joining at every read would take quadratic time for a large chunk.
  #arrived: Buffer[] = []
  #arrivedLength = 0
  #needed = 0
  #current: RawResponse | undefined
  readonly #isHeadOnly: (index: number) => boolean

  /** @param isHeadOnly whether the response at this index answers a `HEAD` request */
  constructor(isHeadOnly: (index: number) => boolean) {
    this.#isHeadOnly = isHeadOnly
  }

  /** @throws {Error} the bytes are not HTTP/1 */
  feed(bytes: Buffer): void {
    this.#arrived.push(bytes)
    this.#arrivedLength += bytes.length
    if (this.#bytes.length + this.#arrivedLength < this.#needed) return
    this.#bytes = Buffer.concat([this.#bytes, ...this.#arrived])
    this.#arrived = []
    this.#arrivedLength = 0
    this.#needed = 0
    while (this.#step());
  }

  /** Called when the connection has ended, which completes a response that is delimited by it. */
  end(): void {
    const current = this.#current
    if (current !== undefined && this.#framing(current) === 'close') current.isComplete = true
  }

  #step(): boolean {
    if (this.#current === undefined) return this.#readHead()
    const response = this.#current
    const framing = this.#framing(response)
    if (framing === 'none') return this.#finish(response)
    if (framing === 'chunked') return this.#readChunk(response)
    if (framing === 'close') {
      if (this.#bytes.length > 0) response.addChunk(this.#take(this.#bytes.length))
      return false
    }
    if (this.#bytes.length < framing) return false
    if (framing > 0) response.addChunk(this.#take(framing))
    return this.#finish(response)
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n')
    const start = this.#bytes.subarray(0, 5).toString('latin1')
    if (!'HTTP/'.startsWith(start)) throw new Error(`a response cannot begin like this: ${this.#show()}`)
    if (end === -1) return false
    this.#current = new RawResponse(
      this.#take(end + 4)
        .toString('latin1')
        .trimEnd(),
    )
    this.all.push(this.#current)
    return true
  }

  #readChunk(response: RawResponse): boolean {
    const end = this.#bytes.indexOf('\r\n')
    if (end === -1) return false
    const size = this.#bytes.subarray(0, end).toString('latin1')
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`a chunk cannot begin like this: ${this.#show()}`)
    const length = Number.parseInt(size, 16)
    this.#needed = end + 2 + length + 2
    if (this.#bytes.length < this.#needed) return false
    this.#needed = 0
    this.#take(end + 2)
    const chunk = this.#take(length)
    if (this.#take(2).toString('latin1') !== '\r\n') throw new Error(`a chunk is longer than its ${length} bytes`)
    if (length === 0) return this.#finish(response)
    response.addChunk(chunk)
    return true
  }

  #finish(response: RawResponse): boolean {
    response.isComplete = true
    this.#current = undefined
    return this.#bytes.length > 0
  }

  #framing(response: RawResponse): 'none' | 'chunked' | 'close' | number {
    if (this.#isHeadOnly(this.all.indexOf(response)) || response.status === 204 || response.status === 304)
      return 'none'
    if (response.header('transfer-encoding').includes('chunked')) return 'chunked'
    const [length] = response.header('content-length')
    return length === undefined ? 'close' : Number(length)
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }

  #show(): string {
    return JSON.stringify(this.#bytes.subarray(0, 200).toString('latin1'))
  }
}
