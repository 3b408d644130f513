import { requireAnswer } from './callbacks.js'
import type { CloseReason } from './close-reason.js'
import type { SseConnection } from './connection.js'
import { requireAmount } from './limits.js'
import type { ConnectionPredicate } from './manager.js'

export interface AdmissionOptions {
  /** How many streams at once; see `overload` for the next one. @defaultValue none */
  readonly maxConnections?: number | undefined
  /** How many streams at once with the same `key`. @defaultValue none */
  readonly maxConnectionsPerKey?: number | undefined
}

/** The streams that are open or finishing, as many as the limits allow. */
export class Admission {
  /** How many streams have ended, by reason. */
  readonly closed: Partial<Record<CloseReason, number>> = {}
  readonly #maxConnections: number
  readonly #maxConnectionsPerKey: number
  readonly #connections = new Set<SseConnection>()
  // Over, but for what their clients have yet to take: until then they hold memory and sockets, and their places.
  readonly #finishing = new Set<SseConnection>()
  readonly #keys = new Map<string, number>()
  #endedEvents = 0
  #endedBytes = 0
  #isClosed = false

  /** @throws {RangeError} a limit is negative or no number */
  constructor(options: AdmissionOptions) {
    const { maxConnections = Number.POSITIVE_INFINITY, maxConnectionsPerKey = Number.POSITIVE_INFINITY } = options
    this.#maxConnections = requireAmount('maxConnections', maxConnections)
    this.#maxConnectionsPerKey = requireAmount('maxConnectionsPerKey', maxConnectionsPerKey)
  }

  get size(): number {
    return this.#connections.size
  }

  /** What went over all of them, those that have ended among them. */
  written(): { readonly events: number; readonly bytes: number } {
    let events = this.#endedEvents
    let bytes = this.#endedBytes
    for (const connections of [this.#connections, this.#finishing]) {
      for (const { writer } of connections) {
        events += writer.events
        bytes += writer.bytes
      }
    }
    return { events, bytes }
  }

  /** The open ones for which the predicate is true, now. */
  select(predicate: ConnectionPredicate): SseConnection[] {
    return chosen(this.#connections, predicate)
  }

  /** The same of those that are over, but for what their clients have yet to take. */
  selectFinishing(predicate: ConnectionPredicate): SseConnection[] {
    return chosen(this.#finishing, predicate)
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isClosed = true
  }

  /** Lets a connection in, or says why not. */
  admit(connection: SseConnection): CloseReason | undefined {
    const { key } = connection
    if (this.#isClosed) return 'shutdown'
    if (this.#connections.size + this.#finishing.size >= this.#maxConnections) return 'limit'
    if (key !== undefined) {
      const count = this.#keys.get(key) ?? 0
      if (count >= this.#maxConnectionsPerKey) return 'limit'
      this.#keys.set(key, count + 1)
    }
    this.#connections.add(connection)
    return undefined
  }

  /** A stream is over, but for what is still to be written; or it was never let in. */
  end(connection: SseConnection): void {
    const reason = connection.closeReason as CloseReason
    this.closed[reason] = (this.closed[reason] ?? 0) + 1
    if (this.#connections.delete(connection)) this.#finishing.add(connection)
  }

  /** Its response is over too. */
  remove(connection: SseConnection): void {
    if (!this.#finishing.delete(connection)) return
    const { events, bytes } = connection.writer
    this.#endedEvents += events
    this.#endedBytes += bytes
    const { key } = connection
    if (key === undefined) return
    const count = this.#keys.get(key) as number
    if (count > 1) this.#keys.set(key, count - 1)
    else this.#keys.delete(key)
  }
}

function chosen(connections: Iterable<SseConnection>, predicate: ConnectionPredicate): SseConnection[] {
  // An asynchronous one says yes to everybody.
  return [...connections].filter((connection) => requireAnswer(predicate(connection), 'the predicate'))
}
