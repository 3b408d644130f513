import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** A plain server, which keeps its connections for the test to look at. */
export class TcpServer {
  readonly #server: Server
  readonly sockets: Socket[] = []

  private constructor(serve: (socket: Socket) => unknown) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.sockets.push(socket)
      socket.on('error', () => {})
      serve(socket)
    })
  }

  /** @param serve what it does with a connection; by default it sends back what it gets */
  static async start(serve: (socket: Socket) => unknown = (socket) => socket.pipe(socket)): Promise<TcpServer> {
    const server = new TcpServer(serve)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The connection of this number, once it is there. */
  async socket(index: number): Promise<Socket> {
    while (this.sockets.length <= index) await once(this.#server, 'connection')
    return this.sockets[index] as Socket
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}
