import { setTimeout as wait } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'

/** The shortest silence after which a connection counts as lost, in ms. */
const MIN_SILENCE_MS = 3_000

/**
 * Detects a half-open connection (a firewall has dropped it, or the other end has moved): it accepts everything and
 * delivers nothing. The client's own pings, every two minutes, would need four to six minutes.
 */
export class LivenessProbe {
  readonly #connection: NatsConnection
  readonly #silenceMs: number
  // Another object for each connection to a server.
  #connectionToken = {}
  #isProbing = false

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection
    this.#silenceMs = Math.max(timeoutMs, MIN_SILENCE_MS)
  }

  /** The connection was lost, or there is a new one: a ping over the former one is never answered. */
  reset(): void {
    this.#connectionToken = {}
    this.#isProbing = false
  }

  /**
   * Called when an answer has not come in time. Reconnects if nothing else arrives either, not even the answer to a
   * ping. Never rejects.
   */
  async probe(): Promise<void> {
    const connection = this.#connection
    if (this.#isProbing || connection.isClosed()) return
    this.#isProbing = true
    const token = this.#connectionToken
    const { inMsgs } = connection.stats()
    const pong = connection.flush().then(
      () => true,
      () => true,
    )
    const isAlive = await Promise.race([pong, wait(this.#silenceMs, false, { ref: false })])
    if (token !== this.#connectionToken) return
    this.#isProbing = false
    // A large message, or many, may precede the answer to the ping.
    if (isAlive || connection.stats().inMsgs !== inMsgs) return
    await connection.reconnect().catch(() => {})
  }
}
