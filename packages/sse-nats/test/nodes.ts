import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Backplane } from '@ssekit/sse-core'
import { type NatsBackplaneOptions, natsBackplane } from '@ssekit/sse-nats'

/** Arguments for a server that accepts events of 1 MiB. */
export const BIG_PAYLOAD: readonly string[] = ['-c', fileURLToPath(new URL('big-payload.conf', import.meta.url))]

/** The options of a backplane in a test. */
export type NodeOptions = Partial<NatsBackplaneOptions>

/** Backplanes as separate processes would have them, each on its own connection. */
export class Nodes {
  /** The stream that they share. */
  readonly stream = `TEST_${randomUUID().replaceAll('-', '')}`
  readonly #server: { readonly port: number }
  readonly #connection: NodeConnectionOptions
  readonly #connections: NatsConnection[] = []
  readonly #backplanes: Backplane[] = []

  /** @param server the broker, or a proxy in front of it */
  constructor(server: { readonly port: number }, connection: NodeConnectionOptions = {}) {
    this.#server = server
    this.#connection = connection
  }

  /** Opens a new connection, to the same server unless another is given. */
  async connect({ port } = this.#server): Promise<NatsConnection> {
    const connection = await connect({
      servers: `127.0.0.1:${port}`,
      maxReconnectAttempts: -1,
      // The first handshake may also take longer on a busy machine.
      waitOnFirstConnect: true,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      // How long the client waits for a handshake that was cut off.
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
