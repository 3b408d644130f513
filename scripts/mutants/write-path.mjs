import { mutantsOf, TESTS } from './mutant.mjs'

const BYTES = [
  ...TESTS.connection,
  ...TESTS.contract,
  'sse-testkit/test/clients-(compression|other-code|slow-readers|odd-calls)',
  'fastify-sse/test/contract',
]

/** Every check between an event and its socket. */
export const writePath = [
  ...mutantsOf('sse-core/src/sink.ts', BYTES, [
    [
      'socket instanceof Socket &&',
      'socket !== undefined &&',
      'a response whose socket is not a net.Socket is written to with res.write()',
    ],
    ['res.write === write &&', '', 'middleware that replaces res.write sees the bytes'],

    [
      "&&\n    !res.hasHeader('content-encoding')",
      '',
      'a response with a Content-Encoding is not written to directly',
      TESTS.contract,
    ],
    [
      'if (!this.#hasBody) return true\n',
      '',
      'nothing is written to a response that has no body',
      ['sse-core/test/response-without-body.test'],
    ],
    ['res.chunkedEncoding &&', '', 'an HTTP/1.0 response is not sent in chunks', TESTS.contract],
    [
      'if (res.writableEnded || res.destroyed) return false\n',
      '',
      'nothing is written with res.write() after the response has ended',
      [...TESTS.http2, 'fastify-sse/test/contract'],
    ],
    ['this.#flush?.()\n', '', 'compression is flushed after each write'],
  ]),
  ...mutantsOf('sse-core/src/close-watcher.ts', BYTES, [
    [
      "res.prependListener('prefinish', tellEnding)\n",
      '',
      "nothing is written to the socket after res.end(), before the connection's next response",
    ],
    ['res.prependListener(', 'res.on(', "writing stops before other 'prefinish' listeners run"],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', BYTES, [
    [
      "if (!this.#leave('end')) return\n    this.writer.stop()\n    this.#finish()",
      'this.writer.stop()',
      'a client that does not read a response that other code has ended is disconnected in time',
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', BYTES, [
    [
      '#block(): void {\n    this.isWritable = false\n',
      '#block(): void {\n',
      'nothing is written while the socket is full',
    ],
    [
      'if (!this.isWritable) return\n    this.#outbox',
      'this.#outbox',
      'what send() queues waits while the socket is full',
    ],
    [
      'if (!socket.write(packet.chunk))',
      'if ((socket.write(packet.chunk), packet.size > 16_384))',
      'a large write that the socket accepts does not count as a full socket',
      TESTS.connection,
    ],
    [
      'this.#outbox.bytes > this.config.settings.maxBufferedBytes',
      'false',
      'a client for which more than maxBufferedBytes wait is disconnected',
    ],
    [
      'if (writeTimeoutMs > 0) stall.timer',
      'if (false) stall.timer',
      'a client whose socket does not drain within writeTimeoutMs is disconnected',
    ],
    ['if (this.isWritable) this.#owner.onWritable()', '', 'a client whose socket drains continues at its position'],
    ['if (this.isWritable) settle(stall, true)', '', 'an awaited send() resolves when the socket drains'],
    ['this.flush()\n    this.stop()', 'this.stop()', 'what is queued is written before the end'],
    ['settle(stall, false)', '', 'an awaited send() settles when the client disconnects'],
    ['process.nextTick(flush, this)', 'this.flush()', 'everything sent in one tick is one write'],
  ]),
  ...mutantsOf('sse-core/src/packet.ts', TESTS.contract, [
    ['Buffer.byteLength(text)', 'text.length', 'the size of a chunk is counted in bytes, not in characters'],
  ]),
  ...mutantsOf('sse-core/src/head.ts', TESTS.contract, [
    [
      "'no-cache, no-transform'",
      "'no-cache'",
      'Cache-Control tells compression and proxies not to transform the stream',
    ],
    ["if (name !== 'Cache-Control' || !res.hasHeader(name)) ", '', 'a route can replace Cache-Control'],
    ["'X-Accel-Buffering': 'no',\n", '', 'X-Accel-Buffering tells nginx not to buffer'],
    ["!res.hasHeader('Cache-Control')", 'true', 'a Cache-Control that middleware has set is kept'],
    ["!res.hasHeader('Content-Length')", 'true', 'a stream is sent without the Content-Length that middleware has set'],
    ["res.removeHeader('Content-Length')\n}", '}', 'a Content-Length that was set before is removed'],
  ]),
]
