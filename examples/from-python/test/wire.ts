import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { until } from './serving.js'

/** One HTTP/1 connection, byte by byte. */
export class Wire {
  text = ''
  isClosed = false
  /** The lines of the last request. */
  request: readonly string[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      this.text += text
    })
    socket.on('close', () => {
      this.isClosed = true
    })
    socket.on('error', () => {})
  }

  static async open(url: string): Promise<Wire> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await once(socket, 'connect')
    return new Wire(socket)
  }

  /** Sends a request with these lines. */
  ask(...lines: readonly string[]): this {
    this.request = lines
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    return this
  }

  async received(text: string): Promise<this> {
    await until(() => this.text.includes(text))
    return this
  }

  async closed(): Promise<this> {
    await until(() => this.isClosed)
    return this
  }

  leave(): void {
    this.#socket.destroy()
  }
}
