import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A plain TCP proxy, the bad network between clients and servers: it cuts every connection, takes nothing from the server for
 * a while, points to another server, or is not there at all. Its own port stays the same, so that clients find it again.
 */
export class CuttingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #stalled = new Map<Socket, Socket>()
  readonly #clientOf = new Map<Socket, Socket>()
  #upstream: number

  private constructor(upstream: number) {
    this.#upstream = upstream
    this.#server = createServer((client) => this.#connect(client))
  }

  /** @param upstream the port of the server behind it */
  static async start(upstream: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(upstream)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts every connection without a word, at whatever byte it is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Takes no more from the servers of the connections that are open, so that their sockets fill. */
  stall(): void {
    for (const [server, client] of this.#clientOf) {
      server.unpipe(client).pause()
      this.#stalled.set(server, client)
    }
  }

  /** Takes up again what was stalled: what the sockets hold comes through, and then what became of the connection. */
  flow(): void {
    for (const [server, client] of this.#stalled) server.pipe(client)
    this.#stalled.clear()
  }

  /** Leads from now on to another port; open connections stay where they are. */
  leadTo(upstream: number): void {
    this.#upstream = upstream
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  #connect(client: Socket): void {
    const server = connect(this.#upstream, '127.0.0.1')
    this.#clientOf.set(server, client)
    server.on('close', () => this.#clientOf.delete(server))
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      // One side that is gone takes the other with it: `close` says so.
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
