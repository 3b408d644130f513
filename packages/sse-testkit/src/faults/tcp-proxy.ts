import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { TcpPipe } from './tcp-pipe.js'

/** How much of what a client has sent is kept, by which its connection is known. */
const MAX_SENT_BYTES = 4_096

/** A server behind a `TcpProxy`. */
export interface TcpTarget {
  readonly port: number
  /** @defaultValue '127.0.0.1' */
  readonly host?: string
}

/** A connection through a `TcpProxy`, as a predicate sees it. */
export interface ProxiedConnection {
  /** The first 4 KB that its client has sent: what it says hello with, what it subscribes to. */
  readonly sent: string
}

/** Which connections through a `TcpProxy` are meant. */
export type ConnectionPredicate = (connection: ProxiedConnection) => boolean

interface Connection extends ProxiedConnection {
  readonly client: Socket
  readonly pipes: TcpPipe[]
  server: Socket | undefined
  sentBytes: Buffer
}

interface CutOrder {
  readonly bytes: number
  readonly isMeant: ConnectionPredicate
  readonly replied: Map<Connection, number>
  done(): void
}

/**
 * The network between clients and their server, broker or balanced servers, as bad as a test needs it. Its port stays the same
 * whatever happens behind it. Both directions are held to the pace of who reads.
 *
 * ```ts
 * const proxy = await TcpProxy.listen({ port: 6379 })
 * const client = createClient({ url: `redis://127.0.0.1:${proxy.port}` })
 * // …
 * proxy.cut() // and see it come back
 * await proxy.close()
 * ```
 */
export class TcpProxy {
  /** How long everything is on its way, in either direction, in ms; it stays in order. @defaultValue 0 */
  delayMs = 0
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #targets: readonly TcpTarget[]
  #turn = 0
  #isRefusing = false
  #isStalled = false
  #isDiscarded: ConnectionPredicate | undefined
  #discardedBytes = 0
  #cutOrder: CutOrder | undefined

  private constructor(targets: readonly TcpTarget[]) {
    this.#targets = targets
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#connect(client))
  }

  /**
   * Listens on a free port of 127.0.0.1. With several targets it is a plain balancer: each connection goes to the next one, and
   * past those that refuse it.
   */
  static async listen(target: TcpTarget | { readonly targets: readonly TcpTarget[] }): Promise<TcpProxy> {
    const proxy = new TcpProxy('targets' in target ? target.targets : [target])
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size
  }

  /** How many bytes `discardReplies()` has dropped. */
  get discardedBytes(): number {
    return this.#discardedBytes
  }

  /** Resets all connections, now; new ones are accepted. */
  cut(): void {
    for (const { client, server } of this.#connections) {
      client.resetAndDestroy()
      server?.resetAndDestroy()
    }
  }

  /** Resets new connections at once, until `accept()`; those that are open go on. */
  refuse(): void {
    this.#isRefusing = true
  }

  /** Accepts new connections again. */
  accept(): void {
    this.#isRefusing = false
  }

  /** Accepts everything and forwards nothing, not even an end, until `resume()`. */
  stall(): void {
    this.#isStalled = true
  }

  /** Forwards what waited, and goes on. */
  resume(): void {
    this.#isStalled = false
    for (const { pipes } of this.#connections) for (const pipe of pipes) pipe.pump()
  }

  /**
   * Lets so many bytes of replies through and then ends the connection, in the middle of a reply; with 0, a command has been
   * carried out whose answer never comes. It is whichever connection is the first to have so many, counted from now, and
   * only that one. Resolves when that has happened.
   */
  cutReplyAfter(bytes: number, isMeant: ConnectionPredicate = () => true): Promise<void> {
    return new Promise((done) => {
      this.#cutOrder = { bytes, isMeant, replied: new Map(), done }
    })
  }

  /** Drops what the targets send on those connections, until `passReplies()`: messages are lost, and nobody is told. */
  discardReplies(isMeant: ConnectionPredicate = () => true): void {
    this.#isDiscarded = isMeant
  }

  /** Drops nothing more. What was dropped is lost. */
  passReplies(): void {
    this.#isDiscarded = undefined
  }

  /** Leads new connections to another server from now on; open ones stay where they are. */
  retarget(port: number, host?: string): void {
    this.#targets = [host === undefined ? { port } : { port, host }]
  }

  /** Cuts everything and listens no more. Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  async #connect(client: Socket): Promise<void> {
    client.on('error', () => {})
    if (this.#isRefusing) {
      client.resetAndDestroy()
      return
    }
    const connection: Connection = {
      client,
      server: undefined,
      pipes: [],
      sentBytes: Buffer.alloc(0),
      get sent() {
        return this.sentBytes.toString()
      },
    }
    this.#connections.add(connection)
    client.on('close', () => this.#connections.delete(connection))
    const server = await this.#reachTarget()
    connection.server = server
    if (server === undefined || client.destroyed) {
      client.resetAndDestroy()
      server?.resetAndDestroy()
      return
    }
    const deliverRequest = (bytes: Buffer): void => {
      const { sentBytes } = connection
      const room = MAX_SENT_BYTES - sentBytes.length
      if (room > 0) connection.sentBytes = Buffer.concat([sentBytes, bytes.subarray(0, room)])
      server.write(bytes)
    }
    connection.pipes.push(
      new TcpPipe(client, server, this.#terms(deliverRequest)),
      new TcpPipe(
        server,
        client,
        this.#terms((bytes) => this.#reply(connection, bytes)),
      ),
    )
  }

  /** A connection to the first target, from the next one on, that takes it. */
  async #reachTarget(): Promise<Socket | undefined> {
    const targets = this.#targets
    for (const _ of targets) {
      const { port, host = '127.0.0.1' } = targets[this.#turn++ % targets.length] as TcpTarget
      const server = connect({ port, host, allowHalfOpen: true, noDelay: true })
      try {
        await once(server, 'connect')
        server.on('error', () => {})
        return server
      } catch {
        // The next one, then.
      }
    }
    return undefined
  }

  #terms(deliver: (bytes: Buffer) => void): ConstructorParameters<typeof TcpPipe>[2] {
    const proxy = this
    return {
      deliver,
      get delayMs() {
        return proxy.delayMs
      },
      get isStalled() {
        return proxy.#isStalled
      },
    }
  }

  #reply(connection: Connection, bytes: Buffer): void {
    if (this.#isDiscarded?.(connection) === true) {
      this.#discardedBytes += bytes.length
      return
    }
    const order = this.#cutOrder
    if (order?.isMeant(connection) !== true) {
      connection.client.write(bytes)
      return
    }
    const replied = order.replied.get(connection) ?? 0
    order.replied.set(connection, replied + bytes.length)
    connection.client.write(bytes.subarray(0, order.bytes - replied))
    if (replied + bytes.length < order.bytes) return
    this.#cutOrder = undefined
    // A reset could overtake the bytes that are still to come through.
    connection.client.destroySoon()
    connection.server?.resetAndDestroy()
    order.done()
  }
}
