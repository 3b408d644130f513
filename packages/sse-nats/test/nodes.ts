import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Backplane } from '@ssekit/sse-core'
import { type NatsBackplaneOptions, natsBackplane } from '@ssekit/sse-nats'

/** For a server that takes events of 1 MiB. */
export const BIG_PAYLOAD: readonly string[] = ['-c', fileURLToPath(new URL('big-payload.conf', import.meta.url))]

/** What a backplane of a test may be made with. */
export type NodeOptions = Partial<NatsBackplaneOptions>

/** Backplanes as so many processes would have them, each on a connection of its own. */
export class Nodes {
  /** The stream that they share. */
  readonly stream = `TEST_${randomUUID().replaceAll('-', '')}`
  readonly #server: { readonly port: number }
  readonly #connection: NodeConnectionOptions
  readonly #connections: NatsConnection[] = []
  readonly #backplanes: Backplane[] = []

  /** @param server the broker, or a proxy before it */
  constructor(server: { readonly port: number }, connection: NodeConnectionOptions = {}) {
    this.#server = server
    this.#connection = connection
  }

  /** A connection of its own; to the same server, if no other is named. */
  async connect({ port } = this.#server): Promise<NatsConnection> {
    const connection = await connect({
      servers: `127.0.0.1:${port}`,
      maxReconnectAttempts: -1,
      // A busy machine may take longer for the first handshake, too.
      waitOnFirstConnect: true,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      // The client waits that long for a handshake that was cut off.
      timeout: 500,
      ...this.#connection,
    })
    this.#connections.push(connection)
    return connection
  }

  async backplane(options: NodeOptions = {}, server = this.#server): Promise<Backplane> {
    const connection = options.connection ?? (await this.connect(server))
    const backplane = natsBackplane({ stream: this.stream, ...options, connection })
    this.#backplanes.push(backplane)
    return backplane
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await Promise.all(this.#backplanes.map((backplane) => backplane.close()))
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }
}
