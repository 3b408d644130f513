import { mutantsOf, TESTS } from './mutant.mjs'

/** Every reason for which a stream ends. */
export const reasons = [
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "this.res.writableEnded ? 'end' : 'client'",
        "'client'",
        "who ends the response elsewhere is no client that left: 'end'",
        TESTS.http2,
      ],
      ["this.res.writableEnded ? 'end' : 'client'", "'end'", "a client that leaves is told as 'client'"],
      ["this.close('slow')", "this.close('client')", "who does not read is told as 'slow'"],
      ["=> this.close('age')", "=> this.close('end')", "who is old enough is told as 'age'"],
      ["=> this.close('aborted')", "=> this.close('end')", "a signal is told as 'aborted'"],
      [
        "if (!this.#leave('error')) return",
        "if (!this.#leave('end')) return",
        "a source that fails is told as 'error'",
      ],
      [
        'if (isGone(this.res)) this.onGone()\n    else',
        'if (false) return\n    else',
        'a client that left before is noticed',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/rare-state.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      ['maxAgeMs * (0.8 + 0.2 * Math.random())', 'maxAgeMs', 'connections do not grow old all at once'],
      ['if (signal.aborted) callback()', '', 'a signal that has aborted before is heeded'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "stream.end('shutdown', farewell)",
        "stream.end('end', farewell)",
        "a manager that closes is told as 'shutdown'",
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/admission.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "if (this.#connections.size + this.#finishing.size >= this.#maxConnections) return 'limit'",
        '',
        'maxConnections is a limit',
      ],
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
