import { type ClientRequest, get, type IncomingMessage } from 'node:http'

/** A client that takes what comes as text, on a connection of its own, and can stop reading or leave at any moment. */
export class RawClient {
  text = ''
  /** Undefined until the head is there. */
  response: IncomingMessage | undefined
  /** Whether the response is over, well or badly. */
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

  /** What came, in one go. */
  static async read(url: string, headers?: Readonly<Record<string, string>>): Promise<RawClient> {
    const client = new RawClient(url, headers)
    await client.until(() => client.isOver)
    return client
  }

  get status(): number | undefined {
    return this.response?.statusCode
  }

  /** The data lines that have come. */
  get data(): string[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data).filter((data) => data !== '')
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }

  /** Resolves once the head is there. */
  async opened(): Promise<void> {
    await this.until(() => this.response !== undefined)
  }

  /** Cuts the connection; resolves once it is gone on this side. */
  async leave(): Promise<void> {
    if (this.isOver) return
    this.#request.destroy()
    await this.until(() => this.isOver)
  }

  #finish(): void {
    this.isOver = true
    this.#look?.()
  }
}
