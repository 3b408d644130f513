import { type ClientRequest, get, type IncomingMessage } from 'node:http'

/** How long to wait for an expected event, in ms. */
const PATIENCE_MS = 30_000

/** A client that reads the response as text, on its own connection, and can pause or disconnect at any moment. */
export class RawClient {
  text = ''
  /** Undefined until the response headers arrive. */
  response: IncomingMessage | undefined
  /** Whether the response is over, complete or broken off. */
  isOver = false
  readonly #request: ClientRequest
  #look: (() => void) | undefined

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#request = get(url, { agent: false, headers })
    this.#request.on('error', () => this.#finish())
    this.#request.on('response', (response) => {
      this.response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        this.text += text
        this.#look?.()
      })
      response.on('error', () => {})
      response.on('close', () => this.#finish())
      this.#look?.()
    })
  }

  /** Reads a whole response. */
  static async read(url: string, headers?: Readonly<Record<string, string>>): Promise<RawClient> {
    const client = new RawClient(url, headers)
    await client.until(() => client.isOver)
    return client
  }

  get status(): number | undefined {
    return this.response?.statusCode
  }

  /** The data lines received so far. */
  get data(): string[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data).filter((data) => data !== '')
  }

  /** Waits for a condition. Rejects if the response is over first, and if it takes longer than a busy machine does. */
  async until(condition: () => boolean): Promise<void> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#look?.()
    }, PATIENCE_MS)
    try {
      while (!condition()) {
        if (isLate) throw this.#missed(condition, `within ${PATIENCE_MS} ms`)
        if (this.isOver && this.response?.closed !== false)
          throw this.#missed(condition, 'before its response was over')
        await new Promise<void>((resolve) => {
          this.#look = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Resolves once the response headers have arrived. */
  async opened(): Promise<void> {
    await this.until(() => this.response !== undefined)
  }

  /** Closes the connection; resolves once it is closed on this side. */
  async leave(): Promise<void> {
    if (this.isOver) return
    this.#request.destroy()
    await this.until(() => this.isOver)
  }

  #missed(condition: () => boolean, when: string): Error {
    return new Error(`not ${when}: ${condition}; the last that came: ${JSON.stringify(this.text.slice(-300))}`)
  }

  #finish(): void {
    this.isOver = true
    this.#look?.()
  }
}
