import { connect, type Socket } from 'node:net'

/** Clients over bare sockets, as lean as can be: what is measured is the server. */
export class Visitors {
  readonly #sockets: readonly Socket[]
  readonly #gone: Promise<unknown>

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets
    this.#gone = Promise.all(sockets.map((socket) => whichever(socket, 'close')))
  }

  /** Each asks for one of the paths; resolves once all have heard something, but for those who wait in vain. */
  static async open(port: number, paths: readonly string[], isSilent: (path: string) => boolean): Promise<Visitors> {
    const heard: Promise<unknown>[] = []
    const sockets = paths.map((path) => {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      if (!isSilent(path)) heard.push(whichever(socket, 'data', 'close'))
      return socket
    })
    const visitors = new Visitors(sockets)
    await Promise.all(heard)
    // What else comes is not looked at.
    for (const socket of sockets) socket.resume()
    return visitors
  }

  /** All leave, every other one by a reset; resolves once they are gone. */
  async leave(): Promise<void> {
    this.#sockets.forEach((socket, index) => {
      // One that is closing already cannot be reset.
      if (index % 2 === 0 || socket.writableEnded) socket.destroy()
      else socket.resetAndDestroy()
    })
    await this.#gone
  }
}

/** Resolves with the first of some events; that of an error is none of them. */
function whichever(socket: Socket, ...events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve())
  })
}
