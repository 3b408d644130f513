import { setTimeout as wait } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'

/** For how long at least a connection has to be silent to count as lost, in ms. */
const MIN_SILENCE_MS = 3_000

/**
 * Whether a connection still brings anything. One that is half open (a firewall has forgotten it, its other end has moved) takes all
 * that is sent and tells of nothing; the client's own pings, of every two minutes, would find out after four to six.
 */
export class LivenessProbe {
  readonly #connection: NatsConnection
  readonly #silenceMs: number
  // Another one for each connection to a server.
  #connectionToken = {}
  #isProbing = false

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection
    this.#silenceMs = Math.max(timeoutMs, MIN_SILENCE_MS)
  }

  /** There is no connection, or a new one: what was asked over the former one is never answered. */
  reset(): void {
    this.#connectionToken = {}
    this.#isProbing = false
  }

  /** An answer did not come in time: connects anew if nothing else comes either, not even to a ping. Never rejects. */
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
    // What is large or much may be before the answer to the ping.
    if (isAlive || connection.stats().inMsgs !== inMsgs) return
    await connection.reconnect().catch(() => {})
  }
}
