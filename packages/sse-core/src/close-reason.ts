/**
 * Why a stream ended:
 *
 * - `'client'`: the client disconnected
 * - `'end'`: the source ended
 * - `'error'`: the source failed
 * - `'slow'`: the client did not read for `writeTimeoutMs`, or more than `maxBufferedBytes` waited for it
 * - `'limit'`: `maxConnections` or `maxConnectionsPerKey` was reached
 * - `'age'`: the connection reached `maxConnectionAgeMs`
 * - `'kicked'`: `manager.disconnect()` ended it
 * - `'shutdown'`: the manager closed
 * - `'aborted'`: the `signal` option aborted
 */
export type CloseReason = 'client' | 'end' | 'error' | 'slow' | 'limit' | 'age' | 'kicked' | 'shutdown' | 'aborted'
