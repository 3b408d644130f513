import { mutantsOf, TESTS } from './mutant.mjs'

/** Unusual requests: already answered, pipelined after another, with a body, or handled by a framework. */
export const requests = [
  ...mutantsOf(
    'sse-core/src/respond.ts',
    ['sse-core/test/streamed-twice.test'],
    [
      [
        'res.headersSent || isWatched(res)',
        'res.headersSent',
        'a response that is already being streamed is not taken over',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/outcome.ts',
    ['sse-core/test/(streamed-twice|respond).test'],
    [
      [
        'if (!isWatched(res)) answerFailure',
        'answerFailure',
        'an error does not answer a response that another stream is using',
      ],
      [
        'if (!isTold) ',
        'if (false) ',
        'an error before the response headers goes to onError if nothing else handles it',
      ],
      ['if (!isTold) ', '', 'an error after the response headers goes to onError only once'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/answer.ts',
    ['sse-core/test/log-not-ready.test'],
    [
      [
        '      if (isOnlyChannels(source)) drainBody(exchange.req)\n',
        '',
        'an unread request body does not hide a disconnect while a log is not ready',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/log.ts',
    ['sse-core/test/replay-sharing.test'],
    [
      [
        'trim(now: number): void {\n',
        'trim(now: number): void {\n    this.#batch = undefined\n',
        'clients that resume from the same position share the bytes of their replay',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/event-text.ts',
    ['sse-core/test/event-refusals.test'],
    [
      [
        '  const fields = fieldsOf(event)\n',
        '  requireFields(event)\n  const fields = event\n',
        'the fields that are written are those that were checked',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/manager.ts',
    ['sse-core/test/manager.test'],
    [
      [
        'if (this.channels.size >= this.#maxChannels) this.channels.reclaim()\n',
        '',
        'channels that are unused and hold no history do not count for maxChannels',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/head.ts',
    ['sse-core/test/unusual-responses.test'],
    [['      lifecycle.fail(error)\n', '', 'headers that cannot be sent fail the stream with their own error']],
  ),
  ...mutantsOf(
    'sse-core/src/close-watcher.ts',
    ['sse-core/test/unusual-responses.test'],
    [
      [
        'watcher?.res.req === res.req',
        'watcher?.res === res',
        'a stream on a wrapped response notices that it was ended',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/answer.ts',
    ['sse-core/test/unusual-responses.test'],
    [
      [
        "if (reason === 'shutdown' && ",
        'if (false && ',
        'a server that stops closes the connections of refused clients',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/respond.ts',
    ['sse-core/test/pipelined.test'],
    [[' && !isWaiting(res)', '', 'a response that waits for its turn takes no second stream']],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/pipelined.test'],
    [
      [
        '      refusal,\n',
        '      refusal: refusal(),\n',
        'a stream that waits for its turn is refused once the instance closes',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/pipelining.ts', TESTS.contract, [
    [
      'if (!callbacks?.delete(callback) || callbacks.size > 0) return\n',
      'if (!callbacks?.delete(callback)) return\n',
      'a pipelined response that gets its turn does not stop watching the others',
    ],
    ['if (callbacks === undefined) {', 'if (true) {', 'several pipelined responses may wait on one connection'],
  ]),
  ...mutantsOf(
    'sse-core/src/close-watcher.ts',
    ['sse-core/test/request-events.test'],
    [
      [
        "if (req.listenerCount('error') === 0) req.destroy()\n",
        '',
        'Node makes no error for a request that nothing listens to',
      ],
      [
        "if (req.listenerCount('error') === 0) req",
        'req',
        "a request's 'error' listener is called when the client disconnects",
      ],
      [
        'process.nextTick(tellWatcher, watcher)',
        'tellWatcher(watcher)',
        'onClose is called once Node has marked the response as destroyed',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/request-body.ts', TESTS.contract, [
    [
      'if (!isEmpty) req.resume()\n',
      '',
      'an unread request body does not hide that the client has disconnected',
      [...TESTS.contract, ...TESTS.http2],
    ],
    ["headers['content-length'] === undefined && ", '', 'a request body with a Content-Length is drained'],
    [" && headers['transfer-encoding'] === undefined", '', 'a chunked request body is drained'],
    ['req.httpVersionMajor === 1 && ', '', 'a request body over HTTP/2 is drained', ['sse-core/test/request.test']],
    [
      'if (req.readableFlowing !== null) return\n',
      '',
      'a request body that other code reads is not drained',
      ['sse-core/test/request.test'],
    ],
  ]),
  ...mutantsOf('sse-core/src/request-headers.ts', TESTS.contract, [
    ["Buffer.from(header, 'latin1').toString('utf8')", 'header', 'a Last-Event-ID header is decoded as UTF-8'],
    [
      " && header !== '') return",
      ') return',
      'an empty Last-Event-ID header does not hide lastEventId in the query',
      ['sse-core/test/request.test', ...TESTS.contract],
    ],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', TESTS.contract, [
    [
      'if (this.writer.isWritable && this.reading?.hasMore !== true) this.#rareState?.tellCaughtUp()',
      'this.#rareState?.tellCaughtUp()',
      'the shutdown event waits until the reader has caught up',
    ],
    [
      'if (this.writer.isWritable && this.reading?.hasMore !== true) this.#rareState?.tellCaughtUp()\n',
      '',
      'the shutdown event is sent as soon as the reader has caught up',
    ],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', TESTS.contract, [
    [
      'const forget = this.onCancel(callback)\n',
      'const forget = (): void => {}\n',
      'close() does not wait for a reader that disconnects while it catches up',
    ],
  ]),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', TESTS.contract, [
    [
      'if (stream.reading?.isPumping) {',
      'if (false) {',
      'a stream whose filter closes the manager still gets every event of the tick',
    ],
    [
      '&& stream.reading?.hasMore\n',
      '&& false\n',
      'a reader that catches up within the grace gets the rest before the shutdown event',
    ],
    ['clearTimeout(timer)\n    forget()', 'forget()', 'the grace timer stops once the reader has caught up'],
    [
      'if (stream.closeReason === undefined) stream.reading?.pump()\n',
      '',
      'events broadcast in the same tick as close() are sent before the shutdown event',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/injection.ts',
    ['koa-sse/test/contract.test'],
    [
      ['found === undefined', 'false', 'injectChannel() fails if it finds no channel name in the request'],
      ['isPlain ? undefined : options', 'options', 'injectChannel() passes no options to getOrCreate() if none is set'],
      [
        'isPlain ? undefined : options',
        'undefined',
        'injectChannel() passes the options that are set to getOrCreate()',
      ],
      ['return manager.getOrCreate', 'return owner.getOrCreate', 'injectChannel() uses the manager in its options'],
    ],
  ),
  ...mutantsOf(
    'express-sse/src/index.ts',
    ['express-sse/test/contract-express.test'],
    [
      ['req.next?.(error)\n', '\n', "an error of a source reaches Express's error handlers"],
      [
        'this.req.next === undefined ? undefined : tellNext',
        'undefined',
        "Express's error handlers get errors that would reject the promise",
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/outcome.ts',
    ['express-sse/test/response-already-begun.test'],
    [
      [
        'if (isOthers(error, res)) report()',
        'if (false) report()',
        'an error does not reach Express if other code is already answering',
      ],
      [
        'hasBegun && (res.headersSent || isWatched(res))',
        'hasBegun',
        "an ERR_SSE_HEADERS_SENT from another response reaches Express's error handlers",
        ['express-sse/test/contract-express.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'koa-sse/src/index.ts',
    ['koa-sse/test/contract-koa.test', 'koa-sse/test/contract.test'],
    [
      ['ignoreDeparture(this)\n', '\n', 'a client that resets its connection causes no error of the Koa application'],
      [
        'if (!isDeparture(this, error)) onerror',
        'onerror',
        "a reset that Koa reports is not passed to the application's onerror",
      ],
      [
        'if (!isDeparture(this, error)) onerror',
        'if (false) onerror',
        "other errors still reach the application's onerror",
      ],
      [
        'if (!isDeparture(ctx, error)) onerror',
        'onerror',
        'a reset is not passed to an onerror that the context itself has',
      ],
      [
        'if (!isDeparture(ctx, error)) onerror',
        'if (false) onerror',
        'other errors are passed to an onerror that the context itself has',
      ],
    ],
  ),
]
