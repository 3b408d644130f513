import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Backplane } from '@ssekit/sse-core'
import { type NatsBackplaneOptions, natsBackplane } from '@ssekit/sse-nats'

/** For a server that takes events of 1 MiB. */
export const BIG_PAYLOAD: readonly string[] = ['-c', fileURLToPath(new URL('big-payload.conf', import.meta.url))]

/** What a backplane of a test may be made with. */
export type NodeOptions = Partial<Omit<NatsBackplaneOptions, 'connection'>>

/** Backplanes as so many processes would have them, each on a connection of its own. */
export class Nodes {
  /** The stream that they share. */
  readonly stream = `TEST_${randomUUID().replaceAll('-', '')}`
  readonly #server: { readonly port: number }
  readonly #connection: NodeConnectionOptions
  readonly #connections: NatsConnection[] = []
  readonly #backplanes: Backplane[] = []

  constructor(server: { readonly port: number }, connection: NodeConnectionOptions = {}) {
    this.#server = server
    this.#connection = connection
  }

  async connect(): Promise<NatsConnection> {
    const connection = await connect({
      servers: `127.0.0.1:${this.#server.port}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      ...this.#connection,
    })
    this.#connections.push(connection)
    return connection
  }

  async backplane(options: NodeOptions = {}): Promise<Backplane> {
    const backplane = natsBackplane({ connection: await this.connect(), stream: this.stream, ...options })
    this.#backplanes.push(backplane)
    return backplane
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await Promise.all(this.#backplanes.map((backplane) => backplane.close()))
    await Promise.all(this.#connections.map((connection) => connection.close()))
  }
}
