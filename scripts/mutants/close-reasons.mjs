import { mutantsOf, TESTS } from './mutant.mjs'

/** Every reason for which a stream ends or is refused (`CloseReason`). */
export const closeReasons = [
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "this.res.writableEnded ? 'end' : 'client'",
        "'client'",
        "a stream whose response other code ends has the reason 'end', not 'client'",
        TESTS.http2,
      ],
      [
        "this.res.writableEnded ? 'end' : 'client'",
        "'end'",
        "a stream whose client disconnects has the reason 'client'",
      ],
      ["this.close('slow')", "this.close('client')", "a stream whose client does not read has the reason 'slow'"],
      ["=> this.close('age')", "=> this.close('end')", "a stream that reaches maxConnectionAgeMs has the reason 'age'"],
      ["=> this.close('aborted')", "=> this.close('end')", "a stream whose signal aborts has the reason 'aborted'"],
      [
        "if (!this.#leave('error')) return",
        "if (!this.#leave('end')) return",
        "a stream whose source fails has the reason 'error'",
      ],
      [
        'if (isGone(this.res)) this.onGone()\n    else',
        'if (false) return\n    else',
        'a client that disconnected before the stream began is noticed',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/rare-state.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        'maxAgeMs * (0.8 + 0.2 * Math.random())',
        'maxAgeMs',
        'connections that began together do not reach their maximum age together',
      ],
      ['if (signal.aborted) callback()', '', 'a signal that has already aborted ends the stream'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "stream.end('shutdown', farewell)",
        "stream.end('end', farewell)",
        "a stream that manager.close() ends has the reason 'shutdown'",
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
        'maxConnections limits the number of connections',
      ],
      [
        "if (count >= this.#maxConnectionsPerKey) return 'limit'",
        '',
        'maxConnectionsPerKey limits the number of connections with one key',
      ],
      ["if (this.#isClosed) return 'shutdown'", '', 'a closed manager admits no connection'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/manager.ts',
    [...TESTS.connection, ...TESTS.contract],
    [
      [
        "reason: CloseReason = 'kicked'",
        "reason: CloseReason = 'end'",
        "a stream that disconnect() ends has the reason 'kicked'",
      ],
    ],
  ),
]
