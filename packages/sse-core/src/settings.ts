import { requireAmount, requireDuration } from './limits.js'
import { shown } from './shown.js'

/** Settings of a connection. A response's options override its channel's, and those override the manager's. */
export interface ConnectionSettings {
  /** Idle time before a comment is sent to keep the connection alive, in ms; 0 turns it off. @defaultValue 15_000 */
  readonly heartbeatMs?: number | undefined
  /** How long a client waits before it reconnects, in ms; sent at the start of every stream. @defaultValue 2_000 */
  readonly retryMs?: number | undefined
  /**
   * How long the socket may stay full before the client is disconnected as `'slow'`, in ms; 0 is no limit. The client
   * reconnects with its `Last-Event-ID`.
   * @defaultValue 30_000
   */
  readonly writeTimeoutMs?: number | undefined
  /**
   * How many bytes of unawaited `send()`s, or in an `SseStream`, may wait before the next event disconnects the client
   * as `'slow'`.
   * @defaultValue 1 MiB
   */
  readonly maxBufferedBytes?: number | undefined
  /** The largest event, in encoded bytes; a larger one is refused with `ERR_SSE_LIMIT`. @defaultValue 1 MiB */
  readonly maxEventBytes?: number | undefined
  /**
   * The maximum age of a connection, in ms; it then ends with reason `'age'`, and the client reconnects. Each
   * connection gets a random 80–100 % of it, so that they do not all reconnect at once. 0 is no limit.
   * @defaultValue none
   */
  readonly maxConnectionAgeMs?: number | undefined
}

/** The same with every default filled in. */
export type ResolvedSettings = { readonly [K in keyof ConnectionSettings]-?: number }

const DEFAULTS: ResolvedSettings = {
  heartbeatMs: 15_000,
  retryMs: 2_000,
  writeTimeoutMs: 30_000,
  maxBufferedBytes: 1024 * 1024,
  maxEventBytes: 1024 * 1024,
  maxConnectionAgeMs: Number.POSITIVE_INFINITY,
}

/** @throws {RangeError} a value is out of range; the message contains it */
export function resolveSettings(own: ConnectionSettings, defaults: ResolvedSettings = DEFAULTS): ResolvedSettings {
  const {
    heartbeatMs = defaults.heartbeatMs,
    retryMs = defaults.retryMs,
    writeTimeoutMs = defaults.writeTimeoutMs,
    maxBufferedBytes = defaults.maxBufferedBytes,
    maxEventBytes = defaults.maxEventBytes,
    maxConnectionAgeMs = defaults.maxConnectionAgeMs,
  } = own
  return {
    heartbeatMs: requireDuration('heartbeatMs', heartbeatMs),
    retryMs: requireRetryMs(retryMs),
    writeTimeoutMs: requireDuration('writeTimeoutMs', writeTimeoutMs),
    maxBufferedBytes: requireAmount('maxBufferedBytes', maxBufferedBytes),
    maxEventBytes: requireAmount('maxEventBytes', maxEventBytes),
    maxConnectionAgeMs: requireAmount('maxConnectionAgeMs', maxConnectionAgeMs),
  }
}

/** @throws {RangeError} the value is not a non-negative safe integer, which is all that a `retry:` field can hold */
export function requireRetryMs(retryMs: number): number {
  if (!Number.isSafeInteger(retryMs) || retryMs < 0) {
    throw new RangeError(`retryMs must be a non-negative integer, not ${shown(retryMs)}`)
  }
  return retryMs
}
