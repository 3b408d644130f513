import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** A plain server that keeps its sockets for the test to inspect. */
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

  /** @param serve handles a connection; by default it echoes */
  static async start(serve: (socket: Socket) => unknown = (socket) => socket.pipe(socket)): Promise<TcpServer> {
    const server = new TcpServer(serve)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The socket at this index, once it is connected. */
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
