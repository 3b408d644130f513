import { mutantsOf, TESTS } from './mutant.mjs'

/** Every reason why a stream is over. */
export const reasons = [
  ...mutantsOf(
    'sse-core/src/ending.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "res.writableEnded ? 'end' : 'client'",
        "'client'",
        "who ends the response elsewhere is no client that left: 'end'",
      ],
      ["res.writableEnded ? 'end' : 'client'", "'end'", "a client that leaves is told as 'client'"],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/connection.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      ["onSlow: () => this.close('slow')", "onSlow: () => this.close('client')", "who does not read is told as 'slow'"],
      [
        "setTimeout(() => this.close('age'), age)",
        "setTimeout(() => this.close('end'), age)",
        "who is old enough is told as 'age'",
      ],
      ["=> this.close('aborted')", "=> this.close('end')", "a signal is told as 'aborted'"],
      ["this.ending.reason = 'error'", "this.ending.reason = 'end'", "a source that fails is told as 'error'"],
      ["this.ending.reason = 'shutdown'", "this.ending.reason = 'end'", "a manager that closes is told as 'shutdown'"],
      [
        'maxConnectionAgeMs * (0.8 + 0.2 * Math.random())',
        'maxConnectionAgeMs',
        'connections do not grow old all at once',
      ],
      ["else if (options.signal?.aborted) this.close('aborted')", '', 'a signal that has aborted before is heeded'],
      ["if (isGone(res)) this.#leave('client')", 'if (false) return', 'a client that left before is noticed'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/admission.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      ["if (this.#connections.size >= this.#maxConnections) return 'limit'", '', 'maxConnections is a limit'],
      ["if (count >= this.#maxConnectionsPerKey) return 'limit'", '', 'maxConnectionsPerKey is a limit'],
      ["if (this.#isClosed) return 'shutdown'", '', 'a closed manager lets nobody in'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/manager.ts',
    [...TESTS.connection, ...TESTS.contract],
    [["reason: CloseReason = 'kicked'", "reason: CloseReason = 'end'", "disconnect() is told as 'kicked'"]],
  ),
]
