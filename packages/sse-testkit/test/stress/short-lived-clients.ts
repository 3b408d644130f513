import { connect, type Socket } from 'node:net'

/** Clients over bare sockets, as small as possible, since the server is measured. */
export class ShortLivedClients {
  readonly #sockets: readonly Socket[]
  readonly #gone: Promise<unknown>

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
    this.#gone = Promise.all(sockets.map((socket) => whichever(socket, 'close')))
  }

  /** Each requests one of the paths; resolves once all have received something, except those whose path is silent. */
  static async open(
    port: number,
    paths: readonly string[],
    isSilent: (path: string) => boolean,
  ): Promise<ShortLivedClients> {
    const received: Promise<unknown>[] = []
    const sockets = paths.map((path) => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      if (!isSilent(path)) received.push(whichever(socket, 'data', 'close'))
      return socket
    })
    const clients = new ShortLivedClients(sockets)
    await Promise.all(received)
    // Later data is discarded.
    for (const socket of sockets) socket.resume()
    return clients
  }

  /** Disconnects all clients, every other one with a reset; resolves once their sockets are closed. */
  async leave(): Promise<void> {
    this.#sockets.forEach((socket, index) => {
      // A socket that is already closing cannot be reset.
      if (index % 2 === 0 || socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    })
    await this.#gone
  }
}

/** Resolves at the first of these events; an error alone does not count. */
function whichever(socket: Socket, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve())
  })
}
