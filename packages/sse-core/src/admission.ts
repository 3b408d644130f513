import { requireAnswer } from './callbacks.js'
import type { CloseReason } from './close-reason.js'
import type { SseConnection } from './connection.js'
import { requireAmount } from './limits.js'
import type { ConnectionPredicate } from './manager.js'

export interface AdmissionOptions {
  /** How many streams there may be at once; `overload` says what the next client gets. @defaultValue none */
  readonly maxConnections?: number | undefined
  /** How many streams there may be at once with the same `key`. @defaultValue none */
  readonly maxConnectionsPerKey?: number | undefined
}

/** The streams that are open or finishing, and the limits on how many there may be. */
export class Admission {
  /** How many streams have ended, by reason. */
  readonly closed: Partial<Record<CloseReason, number>> = {}
  readonly #maxConnections: number
  readonly #maxConnectionsPerKey: number
  readonly #connections = new Set<SseConnection>()
  // Over, except that their clients have not received everything. Until then they hold memory, sockets and their slots.
  readonly #finishing = new Set<SseConnection>()
  readonly #keys = new Map<string, number>()
  #endedEvents = 0
  #endedBytes = 0
  #gaps = 0
  #isClosed = false

  /** @throws {RangeError} a limit is negative or not a number */
  constructor(options: AdmissionOptions) {
    const { maxConnections = Number.POSITIVE_INFINITY, maxConnectionsPerKey = Number.POSITIVE_INFINITY } = options
    this.#maxConnections = requireAmount('maxConnections', maxConnections)
    this.#maxConnectionsPerKey = requireAmount('maxConnectionsPerKey', maxConnectionsPerKey)
  }

  get size(): number {
    return this.#connections.size
  }

  /** How many `sse-gap` events of streamed channels were written. */
  get gaps(): number {
    return this.#gaps
  }

  /** What was written to all streams, including those that have ended. */
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

  /** Notes that a client was told of a gap. */
  countGap(): void {
    this.#gaps += 1
  }

  /** Returns the open connections for which the predicate is true now. */
  select(predicate: ConnectionPredicate): SseConnection[] {
    return chosen(this.#connections, predicate)
  }

  /** Does the same for connections that are over but not finished. */
  selectFinishing(predicate: ConnectionPredicate): SseConnection[] {
    return chosen(this.#finishing, predicate)
  }

  /** Admits no more connections. */
  close(): void {
    this.#isClosed = true
  }

  /** Admits a connection, or returns the reason why not. */
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

  /** Counts a stream as ended. Some of it may still have to be written, or it may never have been admitted. */
  end(connection: SseConnection): void {
    const reason = connection.closeReason as CloseReason
    this.closed[reason] = (this.closed[reason] ?? 0) + 1
    if (this.#connections.delete(connection)) this.#finishing.add(connection)
  }

  /** Frees the slot of a stream whose response is over too. */
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
  // The promise of an asynchronous predicate would count as true for every connection.
  return [...connections].filter((connection) => requireAnswer(predicate(connection), 'the predicate'))
}
