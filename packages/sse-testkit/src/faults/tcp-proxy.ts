import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Network, type ProxiedConnection, TcpConnection, type TcpTarget } from './tcp-connection.js'

/** Selects connections of a `TcpProxy`. */
export type ConnectionPredicate = (connection: ProxiedConnection) => boolean

interface CutOrder {
  readonly bytes: number
  readonly isMeant: ConnectionPredicate
  readonly replied: Map<TcpConnection, number>
  done(): void
}

/**
 * A bad network between clients and their server, their broker or several balanced servers. Its port stays the same
 * whatever happens to the targets. Each direction applies backpressure: it goes no faster than its receiver reads.
 *
 * ```ts
 * const proxy = await TcpProxy.listen({ port: 6379 })
 * const client = createClient({ url: `redis://127.0.0.1:${proxy.port}` })
 * // …
 * proxy.cut() // and watch the client reconnect
 * await proxy.close()
 * ```
 */
export class TcpProxy {
  /** The delay in either direction, in ms; order is kept. @defaultValue 0 */
  delayMs = 0
  readonly #server: Server
  readonly #network: Network
  readonly #connections = new Set<TcpConnection>()
  #targets: readonly TcpTarget[]
  #turn = 0
  #isRefusing = false
  #isStalled = false
  #isDiscarded: ConnectionPredicate | undefined
  #discardedBytes = 0
  #cutOrder: CutOrder | undefined

  private constructor(targets: readonly TcpTarget[]) {
    this.#targets = targets
    const proxy = this
    this.#network = {
      get delayMs() {
        return proxy.delayMs
      },
      get isStalled() {
        return proxy.#isStalled
      },
      reply: (connection, bytes) => this.#reply(connection, bytes),
    }
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
      const connection = new TcpConnection(client, this.#network)
      this.#connections.add(connection)
      await connection.serve(this.#isRefusing ? [] : this.#nextTargets())
      this.#connections.delete(connection)
    })
  }

  /**
   * Listens on a free port of 127.0.0.1. With several targets it is a plain load balancer: each connection goes to the
   * next target, skipping those that refuse it.
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

  /** Resets all connections immediately; new ones are accepted. */
  cut(): void {
    for (const connection of this.#connections) connection.reset()
  }

  /** Resets new connections immediately, until `accept()`; open ones stay open. */
  refuse(): void {
    this.#isRefusing = true
  }

  /** Accepts new connections again. */
  accept(): void {
    this.#isRefusing = false
  }

  /** Accepts everything and forwards nothing, not even the end of a connection, until `resume()`. */
  stall(): void {
    this.#isStalled = true
  }

  /** Forwards what has been waiting, and continues. */
  resume(): void {
    this.#isStalled = false
    for (const connection of this.#connections) connection.pump()
  }

  /**
   * Lets this many bytes of replies through and then ends the connection, in the middle of a reply. With 0, a command
   * is carried out and its reply never arrives. It affects only one connection: the first to reach this many bytes,
   * counted from now. Resolves once that has happened.
   */
  cutReplyAfter(bytes: number, isMeant: ConnectionPredicate = () => true): Promise<void> {
    return new Promise((done) => {
      this.#cutOrder = { bytes, isMeant, replied: new Map(), done }
    })
  }

  /**
   * Drops what the targets send on these connections, until `passReplies()`: messages are lost, and neither side
   * notices.
   */
  discardReplies(isMeant: ConnectionPredicate = () => true): void {
    this.#isDiscarded = isMeant
  }

  /** Stops dropping. What was dropped is lost. */
  passReplies(): void {
    this.#isDiscarded = undefined
  }

  /** Forwards new connections to another server from now on; open ones stay where they are. */
  retarget(port: number, host?: string): void {
    this.#targets = [host === undefined ? { port } : { port, host }]
  }

  /** Resets all connections and stops listening. Idempotent. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  /** All targets, starting with the one whose turn it is. */
  *#nextTargets(): Iterable<TcpTarget> {
    const targets = this.#targets
    for (const _ of targets) yield targets[this.#turn++ % targets.length] as TcpTarget
  }

  #reply(connection: TcpConnection, bytes: Buffer): void {
    if (this.#isDiscarded?.(connection) === true) {
      this.#discardedBytes += bytes.length
      return
    }
    const order = this.#cutOrder
    if (order?.isMeant(connection) !== true) {
      connection.reply(bytes)
      return
    }
    const replied = order.replied.get(connection) ?? 0
    order.replied.set(connection, replied + bytes.length)
    connection.reply(bytes.subarray(0, order.bytes - replied))
    if (replied + bytes.length < order.bytes) return
    this.#cutOrder = undefined
    connection.endAfterReplies()
    order.done()
  }
}
