import { mutantsOf, TESTS } from './mutant.mjs'

const LEAVING = [...TESTS.connection, ...TESTS.contract, 'sse-testkit/test/clients-(leaks|release-sources)']
const LOOPS = [
  'sse-core/test/(listen|merge|source|stream|subscribers|channel-on-slow-broker|broker-gaps|backplane-replay|idle|end).test',
]

/** Every line that releases something. */
export const cleaningUp = [
  ...mutantsOf('sse-core/src/connection.ts', LEAVING, [
    ['this.config.wheel?.delete(this)\n', '', 'a stream that is over leaves the heartbeat wheel'],
    [
      'this.config.manager?.connections.end(this as SseConnection)\n',
      '',
      "a stream that is over is removed from the manager's open connections",
    ],
    [
      'this.config.manager?.connections.remove(this as SseConnection)\n',
      '',
      'a finished stream frees its place under maxConnections',
    ],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', LEAVING, [
    ['this.#rareState?.giveUp()\n', '', 'a stream that is over releases its age timer and its abort signal'],
    ['this.reading?.close()\n', '', 'a stream that is over unsubscribes from its channels'],
    ['this.#rareState?.tellOver()\n', '', 'callbacks that wait for the end of a stream are called'],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', LEAVING, [
    ['clearTimeout(this.#ageTimer)\n', '', 'a stream that is over clears its age timer'],
    ['this.#forgetSignal?.()\n', '', "a stream that is over removes its listener from the user's signal"],
    ['this.run(() => this.abort())\n', '', 'connection.signal aborts when the stream is over'],
    [
      'for (const cancel of this.#cancels) cancel()\n',
      '',
      'a source is cancelled in the same call in which its client disconnects',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    ['sse-core/test/frozen-http2.test'],
    [
      [
        'if (session.destroyed) destroySocket().catch(() => {})\n',
        '',
        'over HTTP/2, a client that is gone delays server.close() by graceMs at most',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', LEAVING, [
    ['socket.destroySoon()\n', '{}\n', 'an idle kept-alive connection does not delay server.close()'],
  ]),
  ...mutantsOf('sse-core/src/close-watcher.ts', LEAVING, [
    [
      "  res.off('close', tellGone)\n",
      '',
      "over HTTP/2, no 'close' listener is left on a response whose stream is over",
      TESTS.http2,
    ],
    ["  res.off('error', tellGone)\n", '', "no 'error' listener is left on a response whose stream is over"],
    [
      "    res.off('prefinish', tellEnding)\n",
      '',
      "no 'prefinish' listener is left on a response whose stream is over",
    ],
    [
      "  socket.off('close', tellSocketClosed)\n",
      '',
      'no listener is left on a connection whose stream has ended',
      ['sse-core/test/request-events.test'],
    ],
  ]),
  ...mutantsOf('sse-core/src/pipelining.ts', LEAVING, [
    [
      "    res.off('socket', begin)\n",
      '',
      "no 'socket' listener is left on a pipelined response that has got its socket",
    ],
    [
      "  socket.off('close', tellAll)\n",
      '',
      "no 'close' listener is left on a socket whose pipelined responses have all got it",
    ],
  ]),
  ...mutantsOf('sse-core/src/response-close.ts', LEAVING, [
    [
      'for (const event of OVER_EVENTS) res.off(event, done)\n',
      '',
      'no listener that waits for the end is left on a finished response',
      [...LEAVING, ...TESTS.http2],
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', LEAVING, [
    [
      '    clearTimeout(stall.timer)\n    stall.drains.off(',
      '    stall.drains.off(',
      'a stream that is over clears its write timeout',
    ],
    [
      "stall.drains.off('drain', stall.onDrain)\n",
      '',
      "a stream that is over leaves no 'drain' listener on a kept-alive socket",
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/response-close.ts',
    ['sse-core/test/frozen-http2.test'],
    [
      [
        'if (session !== undefined) setTimeout(',
        'if (false) setTimeout(',
        'over HTTP/2, a connection that accepts no data is destroyed when its stream is cancelled',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/admission.ts',
    ['sse-core/test/ended-but-unread.test'],
    [
      [
        'this.#connections.size + this.#finishing.size >=',
        'this.#connections.size >=',
        'a stream that is still finishing counts towards maxConnections',
      ],
      ['chosen(this.#finishing, predicate)', '[]', 'close() waits for streams that are still finishing'],
      [
        'for (const connections of [this.#connections, this.#finishing]) {',
        'for (const connections of [this.#connections]) {',
        'the written totals include streams that are still finishing',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/admission.ts', LEAVING, [
    ['else this.#keys.delete(key)', '', 'a key without connections is removed'],
    [
      'if (count > 1) this.#keys.set(key, count - 1)',
      'if (count > 1) this.#keys.set(key, count)',
      'a connection that ends frees its place under maxConnectionsPerKey',
    ],
  ]),
  ...mutantsOf('sse-core/src/heartbeat.ts', LEAVING, [
    ['clearInterval(this.#timer)\n', '', 'the last stream of a heartbeat wheel clears its timer'],
  ]),
  ...mutantsOf(
    'sse-core/src/pulling.ts',
    [...LEAVING, 'sse-testkit/test/clients-odd-sources'],
    [
      [
        'connection.rareState.onCancel(() => puller.cancel(connection.config.report))',
        'connection.rareState.onCancel(() => {})',
        'a source that waits is cancelled when its client disconnects',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/listener-iterator.ts', LOOPS, [
    [
      'clearTimeout(this.#heartbeat)\n    this.#forgetSignal',
      'this.#forgetSignal',
      'a loop over listen() that ends clears its heartbeat timer',
    ],
    ['this.#forgetSignal?.()\n', '', "a loop over listen() that ends removes its listener from the user's signal"],
    [
      'this.#forgetSignal?.()\n    this.#listener.channel.subscribers.remove(this)\n',
      'this.#forgetSignal?.()\n',
      'a loop over listen() that ends unsubscribes from its channel',
    ],
    [
      "this.#state = 'closing'\n    this.#listener.channel.subscribers.remove(this)\n",
      "this.#state = 'closing'\n",
      'closing a channel unsubscribes a loop that is behind',
    ],
    ['this.isDead || hasAll', 'true', 'a loop that is behind when its channel is closed reads the rest'],
    [
      ' && !cursor.isLoading) this.#finish()',
      ') this.#finish()',
      'a loop that is loading older events when its channel is closed gets them before it ends',
    ],
    [
      ' && !this.#isPumping)',
      ')',
      'a loop gets the event that its filter accepts while the filter closes the channel',
      ['sse-core/test/listen.test'],
    ],
    [
      'if (this.#isPumping) return\n',
      '',
      'an event is not overtaken by later ones while its filter closes the channel',
      ['sse-core/test/listen.test'],
    ],
    [
      "if (this.#state === 'done') return undefined\n      if (isWanted)",
      'if (isWanted)',
      'a filter that ends its own loop is not called again',
      ['sse-core/test/listen.test'],
    ],
    [
      '    this.#cursor = undefined\n    clear',
      '    clear',
      'a loop that is over releases its log and reads nothing more',
    ],
  ]),
  ...mutantsOf('sse-core/src/channel.ts', LOOPS, [
    [
      'this.#feed.release()\n    this.#pipes?.stop(this.#closedError())\n',
      'this.#feed.release()\n',
      'close() stops the sources that are broadcast to the channel',
    ],
    [
      'this.#pipes?.stop(this.#closedError())\n        result.fulfil()',
      'result.fulfil()',
      'end() stops the sources that are broadcast to the channel',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/pipes.ts',
    ['sse-core/test/source.test'],
    [
      [
        'setImmediate(() => this.#fail(error))',
        'this.#fail(error)',
        "pipeFrom() resolves if the source's last action is to close the channel",
      ],
      ['      pipe.cancel()\n', '', 'a source is cancelled when its channel is closed'],
    ],
  ),
  ...mutantsOf('sse-core/src/feed.ts', LOOPS, [
    [
      'this.#subscription?.then((unsubscribe) => unsubscribe()).catch(() => {})\n',
      '',
      'an idle channel unsubscribes from the backplane',
    ],
    [
      'if (this.#log !== undefined) this.#options.budget?.drop(this.#log)\n',
      '',
      'a released log no longer counts towards maxHistoryBytes',
      ['sse-core/test/(idle|history).test'],
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/async-context.ts',
    ['sse-core/test/isolation.test'],
    [
      [
        'return context.runInAsyncScope(begin)',
        'return begin()',
        'work that many requests share does not keep the async context of one of them',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/isolation.test'],
    [
      [
        'outsideRequests(() => intake.subscribe(log, append))',
        'intake.subscribe(log, append)',
        "a channel's subscription does not keep the async context of the request that opened it",
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/memory-backplane.ts',
    ['sse-core/test/memory-backplane.test'],
    [
      [
        'clearInterval(sweep)\n    sweep = undefined',
        'sweep = undefined',
        'memoryBackplane() clears its sweep timer once it holds no channel',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/registry.ts', LOOPS, [
    ['clearInterval(this.#sweepTimer)\n', '', 'a manager clears its sweep timer once no channel is in use'],
  ]),
  ...mutantsOf('sse-core/src/merge.ts', LOOPS, [
    [
      'for (const puller of this.#pullers) puller.cancel(',
      'for (const puller of []) puller.cancel(',
      'all sources of a merge() are cancelled together',
    ],
    [
      'this.#finish()\n      throw error',
      'throw error',
      'the sources of a merge() are cancelled if one of them cannot be read',
    ],
  ]),
  ...mutantsOf('sse-core/src/puller.ts', LOOPS, [
    ["  source.on('error', () => {})\n", '', 'a Node stream that fails before it is read does not end the process'],
    [
      'await result.value }',
      'await Promise.resolve(result.value).catch((error) => {\n isDone = true\n throw error\n }) }',
      'a sync iterable whose promise rejects has its return() called',
    ],
    ['reader.cancel().catch(', 'Promise.resolve().catch(', 'a web stream whose reader stops is cancelled'],
    ['stream.destroy()', 'stream', 'a Node stream whose reader stops is destroyed'],
  ]),
  ...mutantsOf(
    'koa-sse/src/index.ts',
    ['koa-sse/test/not-awaited'],
    [
      ['this.respond = false', 'void 0', 'Koa does not answer a request that is being streamed'],
      [
        'handled.then(() => unawaited(ctx))',
        'handled',
        'the Koa middleware waits for a stream that has not sent its headers yet',
      ],
      [
        'if (this.respond !== false) this[BEGUN] = over\n',
        '',
        'the Koa middleware knows of a stream that has not sent its headers yet',
      ],
      [
        'Promise.prototype.then.call(over, undefined, () => {})',
        'over',
        'an error that the handler has caught is not thrown again by the Koa middleware',
      ],
      ['await nextTurn()\n', '', 'an error that no handler awaits is answered before Koa answers'],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/contract-fastify.test'],
    [
      [
        '(req as OwnedRequest)[OWNER] === managers',
        'req !== undefined',
        'closing a Fastify instance ends only the streams of its own requests',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-testkit/src/reader-source.ts',
    ['sse-testkit/test/reader.test'],
    [
      ['void reader?.cancel().catch(() => {})', '', 'a test that aborts its reader disconnects from the server'],
      [
        'isComplete: () => !hasLeft',
        'isComplete: () => true',
        'a reader that was aborted does not count as having read to the end',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-testkit/src/reader.ts',
    ['sse-testkit/test/reader.test'],
    [
      ['controller.abort(late)', '{}', 'readEvents() gives up if the response headers do not come in time'],
      ['.finally(() => clearTimeout(timer))', '', 'the time limit for the response headers stops once they have come'],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/manager-cleanup.test', 'fastify-sse/test/nested-contexts.test'],
    [
      ['#known = new WeakSet', '#known = new Set', 'a manager whose streams are over can be garbage-collected'],
      ['ref.deref() ?? []', '[]', 'closing a Fastify instance ends streams whose manager nothing else references'],
      [
        "if (!fastify.hasRequestDecorator('sseChannel')) fastify",
        'fastify',
        'a child context may register the plugin although its parent has done so',
      ],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/contract-fastify.test'],
    [
      [
        "=== 'fastify.reply.setCookies'",
        "=== 'fastify.reply.cookies'",
        'cookies set with reply.setCookie() are sent with the stream',
      ],
      [
        "key === undefined && server.hasPlugin('@fastify/cookie')",
        'false',
        'a warning is logged if the cookies of a reply cannot be found',
      ],
      ['(key === undefined && ', '(', 'no warning is logged if the cookies of a reply are found'],
    ],
  ),
]
