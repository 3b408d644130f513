import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A plain TCP proxy, as a bad network between clients and servers: it cuts every connection, stops reading from the server
 * for a while, or forwards to another server. Its own port stays the same, so that clients can reconnect.
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

  /** Closes every connection at once, at whatever byte it is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Stops reading from the servers on the open connections, so that their sockets fill. */
  stall(): void {
    for (const [server, client] of this.#clientOf) {
      server.unpipe(client).pause()
      this.#stalled.set(server, client)
    }
  }

  /** Reads again from stalled connections: forwards what their sockets hold, and then their end. */
  flow(): void {
    for (const [server, client] of this.#stalled) server.pipe(client)
    this.#stalled.clear()
  }

  /** Forwards new connections to another port; open ones stay where they are. */
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
      // If one side closes, so does the other: see 'close'.
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  }
}
