import { mutantsOf, TESTS } from './mutant.mjs'

/** The requests that may arrive: odd, already answered, pipelined after another, or from a framework. */
export const requests = [
  ...mutantsOf(
    'sse-core/src/respond.ts',
    ['sse-core/test/streamed-twice.test'],
    [['res.headersSent || isWatched(res)', 'res.headersSent', 'a response that is streamed already is not taken over']],
  ),
  ...mutantsOf(
    'sse-core/src/outcome.ts',
    ['sse-core/test/(streamed-twice|answered-by-others).test'],
    [
      ['if (!isWatched(res)) answerFailure', 'answerFailure', 'a stream that failed does not answer for another one'],
      ['if (!isTold) ', 'if (false) ', 'an error before the head is told to onError if to nobody else'],
      ['if (!isTold) ', '', 'an error after the head is told to onError once'],
    ],
  ),
  ...mutantsOf('sse-core/src/response-close.ts', TESTS.contract, [
    [
      'if (res.socket === null) watchWaiting(res)\n',
      '',
      'the departure of a client is seen of a response that waits for its turn',
    ],
    [
      'if (!known?.delete(callback) || known.size > 0) return\n',
      'if (!known?.delete(callback)) return\n',
      'of those that wait, one that gets its turn leaves the others watched',
    ],
    ['if (known === undefined) {', 'if (true) {', 'several may wait on one connection'],
  ]),
  ...mutantsOf('sse-core/src/request-headers.ts', TESTS.contract, [
    [
      'if (!isEmpty) req.resume()\n',
      '',
      'an unread request body does not hide that the client left',
      [...TESTS.contract, ...TESTS.http2],
    ],
    ["headers['content-length'] === undefined && ", '', 'a body with a length is drained'],
    [" && headers['transfer-encoding'] === undefined", '', 'a body in chunks is drained'],
    ['req.httpVersionMajor === 1 && ', '', 'a body over HTTP/2 is drained', ['sse-core/test/request.test']],
    [
      'if (req.readableFlowing !== null) return\n',
      '',
      'a body that somebody reads is left to them',
      ['sse-core/test/request.test'],
    ],
    ["Buffer.from(header, 'latin1').toString('utf8')", 'header', 'ids may be any UTF-8'],
    [
      " && header !== '') return",
      ') return',
      'an empty header leaves the word to the query',
      ['sse-core/test/request.test', ...TESTS.contract],
    ],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', TESTS.contract, [
    [
      'if (this.writer.isWritable) this.#rareState?.tellCaughtUp()',
      'this.#rareState?.tellCaughtUp()',
      'the farewell waits for all of the rest',
    ],
    ['if (this.writer.isWritable) this.#rareState?.tellCaughtUp()\n', '', 'the farewell follows the rest at once'],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', TESTS.contract, [
    [
      'const forget = this.onCancel(callback)\n',
      'const forget = (): void => {}\n',
      'close() does not wait for who leaves within the grace',
    ],
  ]),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', TESTS.contract, [
    [
      'if (stream.reading?.isPumping) {',
      'if (false) {',
      'a filter that closes the manager loses its stream nothing of the tick',
    ],
    ['&& stream.reading?.hasMore\n', '&& false\n', 'who reads on within the grace gets the rest before the farewell'],
    ['clearTimeout(timer)\n    forget()', 'forget()', 'the grace ends with the stream'],
    [
      'if (stream.closeReason === undefined) stream.reading?.pump()\n',
      '',
      'what was broadcast in the tick of close() is sent before the farewell',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/injection.ts',
    ['koa-sse/test/contract.test'],
    [
      ['found === undefined', 'false', 'a request without a name asks for no channel'],
      ['isPlain ? undefined : options', 'options', 'options that are not set are not asked of a channel'],
      ['isPlain ? undefined : options', 'undefined', 'options that are set are'],
      ['return manager.getOrCreate', 'return owner.getOrCreate', 'the manager that the options name is asked'],
    ],
  ),
  ...mutantsOf(
    'express-sse/src/index.ts',
    ['express-sse/test/contract-express.test'],
    [
      ['req.next?.(error)\n', '\n', 'an error of a source reaches the error handlers'],
      ['this.req.next === undefined ? undefined : tellNext', 'undefined', 'Express hears of what would reject'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/outcome.ts',
    ['express-sse/test/begun-already.test'],
    [
      ['if (isOthers(error, res)) report()', 'if (false) report()', 'what has begun goes on'],
      [
        'hasBegun && (res.headersSent || isWatched(res))',
        'hasBegun',
        'what a source has tried elsewhere is answered',
        ['express-sse/test/contract-express.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'koa-sse/src/index.ts',
    ['koa-sse/test/contract-koa.test', 'koa-sse/test/contract.test'],
    [
      ['ignoreDeparture(this)\n', '\n', 'a client that resets is no error of the application'],
      ['if (!isDeparture(this, error)) onerror', 'onerror', 'a reset that Koa reports is dropped'],
      ['if (!isDeparture(this, error)) onerror', 'if (false) onerror', 'errors reach the application still'],
      ['if (!isDeparture(ctx, error)) onerror', 'onerror', 'a reset is kept from an onerror of the context itself'],
      [
        'if (!isDeparture(ctx, error)) onerror',
        'if (false) onerror',
        'an onerror of the context itself hears of errors',
      ],
    ],
  ),
]
