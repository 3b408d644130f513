import { setTimeout as wait } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'

/** For how long at least a connection has to be silent to count as lost, in ms. */
const MIN_SILENCE_MS = 3_000

/**
 * Whether a connection still brings anything. One that is half open (a firewall has forgotten it, its other end has moved) takes all
 * that is sent and tells of nothing; the client's own pings, of every two minutes, would find out after four to six.
 */
export class Pulse {
  readonly #connection: NatsConnection
  readonly #silenceMs: number
  // Another one for each connection to a server.
  #beat = {}
  #isFelt = false

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection
    this.#silenceMs = Math.max(timeoutMs, MIN_SILENCE_MS)
  }

  /** There is no connection, or a new one: what was asked over the former one is never answered. */
  reset(): void {
    this.#beat = {}
    this.#isFelt = false
  }

  /** An answer did not come in time: connects anew if nothing else comes either, not even to a ping. Never rejects. */
  async feel(): Promise<void> {
    const connection = this.#connection
    if (this.#isFelt || connection.isClosed()) return
    this.#isFelt = true
    const beat = this.#beat
    const { inMsgs } = connection.stats()
    const pong = connection.flush().then(
      () => true,
      () => true,
    )
    const isAlive = await Promise.race([pong, wait(this.#silenceMs, false, { ref: false })])
    if (beat !== this.#beat) return
    this.#isFelt = false
    // What is large or much may be before the answer to the ping.
    if (isAlive || connection.stats().inMsgs !== inMsgs) return
    await connection.reconnect().catch(() => {})
  }
}
