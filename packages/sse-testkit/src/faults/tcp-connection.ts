import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { resetNow } from './reset-now.js'
import { TcpPipe } from './tcp-pipe.js'

/** How much of what a client sent is kept, to identify its connection. */
const MAX_SENT_BYTES = 4_096

/** A server behind a `TcpProxy`. */
export interface TcpTarget {
  readonly port: number
  /** @defaultValue '127.0.0.1' */
  readonly host?: string
}

/** A connection through a `TcpProxy`, as a predicate sees it. */
export interface ProxiedConnection {
  /** The first 4 KB that its client sent: its handshake and its first commands or subscriptions. */
  readonly sent: string
}

/** The current state of the network. */
export interface Network {
  readonly delayMs: number
  readonly isStalled: boolean
  /** Delivers what the target has sent, or drops it. */
  reply(connection: TcpConnection, bytes: Buffer): void
}

/** A client's connection, and the connection to a target that it is forwarded to. */
export class TcpConnection implements ProxiedConnection {
  readonly #network: Network
  readonly #client: Socket
  readonly #pipes: TcpPipe[] = []
  #target: Socket | undefined
  #sent: Buffer = Buffer.alloc(0)

  constructor(client: Socket, network: Network) {
    this.#client = client
    this.#network = network
    client.on('error', () => {})
  }

  get sent(): string {
    return this.#sent.toString()
  }

  /**
   * Forwards to the first of these targets that accepts a connection; if none does, the client's connection is reset.
   * Resolves when both sides are closed.
   */
  async serve(targets: Iterable<TcpTarget>): Promise<void> {
    const closed = [new Promise((resolve) => this.#client.on('close', resolve))]
    this.#client.on('close', () => {
      if (this.#target?.connecting) resetNow(this.#target)
    })
    const target = await this.#reach(targets)
    if (target === undefined) this.reset()
    else {
      closed.push(new Promise((resolve) => target.on('close', resolve)))
      this.#join(this.#client, target)
    }
    await Promise.all(closed)
  }

  /** Sends bytes to the client. */
  reply(bytes: Buffer): void {
    // More may arrive after the last reply.
    if (!this.#client.writableEnded) this.#client.write(bytes)
  }

  /** Ends both sides once everything has been sent to the client: a reset could overtake it. */
  endAfterReplies(): void {
    this.#client.once('close', () => this.reset())
    this.#client.destroySoon()
  }

  /** Resets both sides immediately. */
  reset(): void {
    for (const socket of [this.#client, this.#target]) if (socket !== undefined) resetNow(socket)
  }

  /** Delivers what is waiting, as far as the network allows. */
  pump(): void {
    for (const pipe of this.#pipes) pipe.pump()
  }

  async #reach(targets: Iterable<TcpTarget>): Promise<Socket | undefined> {
    for (const { port, host = '127.0.0.1' } of targets) {
      const target = connect({ port, host, allowHalfOpen: true, noDelay: true })
      this.#target = target
      const isConnected = once(target, 'connect').then(Boolean, () => false)
      // Later errors show in its 'close' event.
      target.on('error', () => {})
      if (await isConnected) return target
      if (this.#client.destroyed) break
    }
    return undefined
  }

  #join(client: Socket, target: Socket): void {
    const ask = (bytes: Buffer): void => {
      this.#remember(bytes)
      target.write(bytes)
    }
    this.#pipes.push(
      new TcpPipe(client, target, this.#network, ask),
      new TcpPipe(target, client, this.#network, (bytes) => this.#network.reply(this, bytes)),
    )
  }

  #remember(bytes: Buffer): void {
    const room = MAX_SENT_BYTES - this.#sent.length
    if (room > 0) this.#sent = Buffer.concat([this.#sent, bytes.subarray(0, room)])
  }
}
