import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { resetNow } from './reset-now.js'
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

/** What the network is like, at this moment. */
export interface Network {
  readonly delayMs: number
  readonly isStalled: boolean
  /** Hands over what the target has sent, or does not. */
  reply(connection: TcpConnection, bytes: Buffer): void
}

/** A client's connection, and the one to a target that it is led on to. */
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

  /** Leads on to the first of these targets that takes it; it is reset if none does. Resolves when both sides are closed. */
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

  /** Hands bytes over to the client. */
  reply(bytes: Buffer): void {
    // Behind the last reply there may be more on its way.
    if (!this.#client.writableEnded) this.#client.write(bytes)
  }

  /** Ends both sides, once the client has been sent what there is for it: a reset could overtake that. */
  endAfterReplies(): void {
    this.#client.once('close', () => this.reset())
    this.#client.destroySoon()
  }

  /** Resets both sides, now. */
  reset(): void {
    for (const socket of [this.#client, this.#target]) if (socket !== undefined) resetNow(socket)
  }

  /** Goes on with what waited, as far as the network lets it. */
  pump(): void {
    for (const pipe of this.#pipes) pipe.pump()
  }

  async #reach(targets: Iterable<TcpTarget>): Promise<Socket | undefined> {
    for (const { port, host = '127.0.0.1' } of targets) {
      const target = connect({ port, host, allowHalfOpen: true, noDelay: true })
      this.#target = target
      const isConnected = once(target, 'connect').then(Boolean, () => false)
      // What happens later, its close tells.
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
