import { mutantsOf, TESTS } from './mutant.mjs'

const BYTES = [
  ...TESTS.connection,
  ...TESTS.contract,
  'sse-testkit/test/clients-(compression|meddling|bounds|odd-calls)',
  'fastify-sse/test/contract',
]

/** Every guard between an event and its socket. */
export const writePath = [
  ...mutantsOf('sse-core/src/sink.ts', BYTES, [
    [
      'socket instanceof Socket &&',
      'socket !== undefined &&',
      'a response without a socket of its own is written to by res.write',
    ],
    ['res.write === write &&', '', 'middleware that replaces res.write sees the bytes'],

    [
      "&&\n    !res.hasHeader('content-encoding')",
      '',
      'a response that somebody encodes is not written to directly',
      TESTS.contract,
    ],
    ['if (!this.#hasBody) return true\n', '', 'a response without a body gets none', ['sse-core/test/bodiless.test']],
    ['res.chunkedEncoding &&', '', 'HTTP/1.0 gets no chunks', TESTS.contract],
    [
      'if (res.writableEnded || res.destroyed) return false\n',
      '',
      'nothing is written through res.write after its end',
      [...TESTS.http2, 'fastify-sse/test/contract'],
    ],
    ['this.#flush?.()\n', '', 'compression is flushed after each write'],
  ]),
  ...mutantsOf('sse-core/src/response-close.ts', BYTES, [
    ["res.prependListener('prefinish', tellEnding)\n", '', "nothing is written before the connection's next response"],
    ['res.prependListener(', 'res.on(', 'whoever else hears of the end hears it later'],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', BYTES, [
    [
      "if (!this.isOpen || !this.#leave('end')) return\n    this.writer.stop()\n    this.#finish()",
      'if (this.isOpen) this.writer.stop()',
      'who does not read the end that somebody else wrote is cut',
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', BYTES, [
    [
      '#block(): void {\n    this.isWritable = false\n',
      '#block(): void {\n',
      'nothing is written while the socket is full',
    ],
    ['if (!this.isWritable) return\n    this.#outbox', 'this.#outbox', 'what is sent waits while the socket is full'],
    [
      'if (!socket.write(packet.chunk))',
      'if ((socket.write(packet.chunk), packet.size > 16_384))',
      'a write that the kernel took whole is no full socket',
      TESTS.connection,
    ],
    ['this.#outbox.bytes > this.config.settings.maxBufferedBytes', 'false', 'who lets send() pile up is cut'],
    ['if (writeTimeoutMs > 0) stall.timer', 'if (false) stall.timer', 'who does not drain in time is cut'],
    ['if (this.isWritable) this.#owner.onWritable()', '', 'who drains goes on where it was'],
    ['if (this.isWritable) settle(stall, true)', '', 'an awaited send() goes on when the socket drains'],
    ['this.flush()\n    this.stop()', 'this.stop()', 'what is queued goes out before the end'],
    ['settle(stall, false)', '', 'an awaited send() settles when the client leaves'],
    ['process.nextTick(flush, this)', 'this.flush()', 'what is sent in one tick is one write'],
  ]),
  ...mutantsOf('sse-core/src/packet.ts', TESTS.contract, [
    ['Buffer.byteLength(text)', 'text.length', 'a chunk is as long as its bytes, not as its characters'],
  ]),
  ...mutantsOf('sse-core/src/head.ts', TESTS.contract, [
    ["'no-cache, no-transform'", "'no-cache'", 'compression and proxies are told to keep their hands off'],
    ["if (name !== 'Cache-Control' || !res.hasHeader(name)) ", '', 'Cache-Control may be replaced'],
    ["'X-Accel-Buffering': 'no',\n", '', 'nginx is told not to buffer'],
    ["!res.hasHeader('Cache-Control')", 'true', 'what middleware says of caches stands'],
    ["!res.hasHeader('Content-Length')", 'true', 'a stream has no length, whatever middleware has set'],
    ["res.removeHeader('Content-Length')\n}", '}', 'a Content-Length from before is gone'],
  ]),
]
