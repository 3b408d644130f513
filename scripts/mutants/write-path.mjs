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
    ['res.write === ServerResponse.prototype.write &&', '', 'middleware that replaces res.write sees the bytes'],
    ["!res.hasHeader('content-encoding') &&", '', 'a response that somebody encodes is not written to directly'],
    ["req.method !== 'HEAD'", 'true', 'a HEAD request gets no body'],
    [
      'if (this.#res.writableEnded || this.#res.socket !== socket) return false\n',
      '',
      "nothing is written before the connection's next response",
    ],
    ['this.#isChunked ? packet.chunk : packet.plain', 'packet.chunk', 'HTTP/1.0 gets no chunks'],
    [
      'if (res.writableEnded || res.destroyed) return false\n',
      '',
      'nothing is written through res.write after its end',
      [...TESTS.http2, 'fastify-sse/test/contract'],
    ],
    ['this.#flush?.()\n', '', 'compression is flushed after each write'],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', BYTES, [
    [
      'return this.#sink !== undefined && !this.#isBlocked && !this.#isOver',
      'return this.#sink !== undefined && !this.#isOver',
      'nothing is written while the socket is full',
    ],
    ['buffered > this.#options.maxBufferedBytes', 'false', 'who lets send() pile up is cut'],
    ['if (writeTimeoutMs > 0) this.#writeTimer', 'if (false) this.#writeTimer', 'who does not drain in time is cut'],
    ['if (this.isWritable) this.#options.onWritable()', '', 'who drains goes on where it was'],
    ['if (this.isWritable) this.#settleWaiting(true)', '', 'an awaited send() goes on when the socket drains'],
    ['this.flush()\n    this.stop()', 'this.stop()', 'what is queued goes out before the end'],
    ['this.#settleWaiting(false)', '', 'an awaited send() settles when the client leaves'],
    ['process.nextTick(flush, this)', 'this.flush()', 'what is sent in one tick is one write'],
  ]),
  ...mutantsOf('sse-core/src/packet.ts', TESTS.contract, [
    ['Buffer.byteLength(text)', 'text.length', 'a chunk is as long as its bytes, not as its characters'],
  ]),
  ...mutantsOf('sse-core/src/head.ts', TESTS.contract, [
    ["'no-cache, no-transform'", "'no-cache'", 'compression and proxies are told to keep their hands off'],
    ["if (!res.hasHeader('Cache-Control')) ", '', 'Cache-Control may be replaced'],
    ["res.setHeader('X-Accel-Buffering', 'no')\n", '', 'nginx is told not to buffer'],
    ["res.removeHeader('Content-Length')\n}", '}', 'a Content-Length from before is gone'],
  ]),
]
