import { connect, type Socket } from 'node:net'

/** A client that records what it received, and how its connection ended. */
export class TcpClient {
  readonly socket: Socket
  #text = ''
  #end: string | undefined
  readonly #checks = new Set<() => void>()

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.socket.setEncoding('latin1').on('data', (text) => {
      this.#text += text
      this.#check()
    })
    this.socket.on('error', ({ code }: NodeJS.ErrnoException) => this.#ended(code ?? 'error'))
    this.socket.on('end', () => this.#ended('complete'))
    this.socket.on('close', () => this.#ended('closed'))
  }

  get text(): string {
    return this.#text
  }

  /** 'complete', or the code of the error; undefined while it is open. */
  get end(): string | undefined {
    return this.#end
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Resolves to the text received, once it has this length or the connection has ended. */
  async gets(length: number): Promise<string> {
    await this.#until(() => this.#text.length >= length || this.#end !== undefined)
    return this.#text
  }

  /** Resolves to the text received, once it includes this part or the connection has ended. */
  async sees(part: string): Promise<string> {
    await this.#until(() => this.#text.includes(part) || this.#end !== undefined)
    return this.#text
  }

  /** Resolves to how the connection ends. */
  async ends(): Promise<string | undefined> {
    await this.#until(() => this.#end !== undefined)
    return this.#end
  }

  destroy(): void {
    this.socket.destroy()
  }

  #ended(how: string): void {
    this.#end ??= how
    this.#check()
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return
        this.#checks.delete(check)
        resolve()
      }
      this.#checks.add(check)
      check()
    })
  }

  #check(): void {
    for (const check of this.#checks) check()
  }
}
