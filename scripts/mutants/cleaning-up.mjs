import { mutantsOf, TESTS } from './mutant.mjs'

const LEAVING = [...TESTS.connection, ...TESTS.contract, 'sse-testkit/test/clients-(leaks|let-go)']
const LOOPS = ['sse-core/test/(listen|merge|source|stream|subscribers|broker|broker-gaps|broker-past|idle|end).test']

/** Every line that releases something. */
export const cleaningUp = [
  ...mutantsOf('sse-core/src/connection.ts', LEAVING, [
    ['this.config.wheel?.delete(this)\n', '', 'no heartbeat outlives its stream'],
    ['this.config.manager?.ended(this as SseConnection)\n', '', 'a stream that is over is open no longer'],
    ['this.config.manager?.remove(this as SseConnection)\n', '', 'a stream that is over gives its place back'],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', LEAVING, [
    ['this.#rareState?.giveUp()\n', '', 'no timer and no signal outlive their stream'],
    ['this.reading?.close()\n', '', 'a stream that is over subscribes to nothing'],
    ['this.#rareState?.tellOver()\n', '', 'who waits for the end of a stream is told'],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', LEAVING, [
    ['clearTimeout(this.#ageTimer)\n', '', 'no age timer outlives its stream'],
    ['this.#forgetSignal?.()\n', '', 'no signal keeps a stream that is over'],
    ['this.run(() => this.abort())\n', '', 'the signal of a connection aborts when its stream is over'],
    ['for (const cancel of this.#cancels) cancel()\n', '', 'a source is left at once when its client leaves'],
  ]),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    ['sse-core/test/frozen-http2.test'],
    [
      [
        'if (session.destroyed) destroySocket().catch(() => {})\n',
        '',
        'over HTTP/2, a client that is gone holds up server.close() for the grace at most',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', LEAVING, [
    ['socket.destroySoon()\n', '{}\n', 'no idle connection holds up server.close()'],
  ]),
  ...mutantsOf('sse-core/src/response-close.ts', LEAVING, [
    ["  res.off('close', tellWatcher)\n", '', 'no listener is left on a response that is closed'],
    ["  res.off('error', tellWatcher)\n", '', 'no listener is left on a response that failed'],
    ["  res.off('prefinish', tellEnding)\n", '', 'no listener is left on a response that was handed over'],
    ['  unwatchWaiting.call(res)\n', '', 'a stream that is over before its turn waits no longer'],
    ["  this.off('socket', unwatchWaiting)\n", '', 'no listener is left on a response that got its turn'],
    ["  socket.off('close', callAll)\n", '', 'no listener is left on a socket whose responses all got their turn'],
    [
      'for (const event of OVER_EVENTS) res.off(event, done)\n',
      '',
      'no listener is left on a response that is finished',
      [...LEAVING, ...TESTS.http2],
    ],
    ['    if (socket !== undefined) offSocketClose(socket, done)\n', '', 'no listener is left on a socket'],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', LEAVING, [
    [
      '    clearTimeout(stall.timer)\n    stall.drains.off(',
      '    stall.drains.off(',
      'no write timer outlives its stream',
    ],
    ["stall.drains.off('drain', stall.onDrain)\n", '', 'no drain listener is left on a kept-alive socket'],
  ]),
  ...mutantsOf(
    'sse-core/src/response-close.ts',
    ['sse-core/test/frozen-http2.test'],
    [['if (session !== undefined) setTimeout(', 'if (false) setTimeout(', 'no socket stays that takes nothing']],
  ),
  ...mutantsOf(
    'sse-core/src/admission.ts',
    ['sse-core/test/finishing.test'],
    [
      ['this.#connections.size + this.#finishing.size >=', 'this.#connections.size >=', 'who is finishing has a place'],
      ['chosen(this.#finishing, predicate)', '[]', 'close() waits for who is finishing'],
      [
        'for (const connections of [this.#connections, this.#finishing]) {',
        'for (const connections of [this.#connections]) {',
        'what is finishing is counted',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/admission.ts', LEAVING, [
    ['else this.#keys.delete(key)', '', 'no key is remembered that nobody has'],
    [
      'if (count > 1) this.#keys.set(key, count - 1)',
      'if (count > 1) this.#keys.set(key, count)',
      'a key gets its place back',
    ],
  ]),
  ...mutantsOf('sse-core/src/heartbeat.ts', LEAVING, [
    ['clearInterval(this.#timer)\n', '', 'the last stream takes the heartbeat timer with it'],
  ]),
  ...mutantsOf(
    'sse-core/src/pulling.ts',
    [...LEAVING, 'sse-testkit/test/clients-odd-sources'],
    [
      [
        'connection.rareState.onCancel(() => puller.cancel(connection.config.report))',
        'connection.rareState.onCancel(() => {})',
        'a source that waits is left when its client leaves',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/listener-iterator.ts', LOOPS, [
    ['clearTimeout(this.#heartbeat)\n    this.#forgetSignal', 'this.#forgetSignal', 'no heartbeat outlives its loop'],
    ['this.#forgetSignal?.()\n', '', 'no signal keeps a loop that was left'],
    [
      'this.#forgetSignal?.()\n    this.#listener.channel.subscribers.remove(this)\n',
      'this.#forgetSignal?.()\n',
      'a loop that was left subscribes no longer',
    ],
    [
      "this.#state = 'closing'\n    this.#listener.channel.subscribers.remove(this)\n",
      "this.#state = 'closing'\n",
      'a loop of a channel that was closed subscribes no longer',
    ],
    ['this.isDead || hasAll', 'true', 'a loop that is behind reads on when its channel is closed'],
    [' && !cursor.isLoading) this.#finish()', ') this.#finish()', 'and so does one that is older than its log'],
    [
      ' && !this.#isPumping)',
      ')',
      'a filter may close its channel, and the loop gets what it was asked about',
      ['sse-core/test/listen.test'],
    ],
    [
      'if (this.#isPumping) return\n',
      '',
      'a filter that closes its channel does not have its event overtaken',
      ['sse-core/test/listen.test'],
    ],
    [
      "if (this.#state === 'done') return undefined\n      if (isWanted)",
      'if (isWanted)',
      'a filter that leaves its loop is not asked again',
      ['sse-core/test/listen.test'],
    ],
    [
      '    this.#cursor = undefined\n    clear',
      '    clear',
      'a loop that is over holds no log, and reads nothing more',
    ],
  ]),
  ...mutantsOf('sse-core/src/channel.ts', LOOPS, [
    [
      'this.#feed.release()\n    this.#pipes?.stop(this.#closedError())\n',
      'this.#feed.release()\n',
      'no source outlives the channel that it is broadcast to',
    ],
    [
      'this.#pipes?.stop(this.#closedError())\n        result.fulfil()',
      'result.fulfil()',
      'no source outlives the end of the channel that it is broadcast to',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/pipes.ts',
    ['sse-core/test/source.test'],
    [
      ['setImmediate(() => this.#fail(error))', 'this.#fail(error)', 'a source may close its channel as its last act'],
      ['      pipe.cancel()\n', '', 'a source is cancelled when its channel is closed'],
    ],
  ),
  ...mutantsOf('sse-core/src/feed.ts', LOOPS, [
    [
      'this.#subscription?.then((unsubscribe) => unsubscribe()).catch(() => {})\n',
      '',
      'an idle channel gives back its subscription',
    ],
    [
      'if (this.#log !== undefined) this.#options.budget?.drop(this.#log)\n',
      '',
      'a log that was given back counts no longer',
      ['sse-core/test/(idle|history).test'],
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/async-context.ts',
    ['sse-core/test/isolation.test'],
    [['return context.runInAsyncScope(begin)', 'return begin()', 'what many share keeps nothing of a request']],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/isolation.test'],
    [
      [
        'outsideRequests(() => intake.subscribe(log, append))',
        'intake.subscribe(log, append)',
        'the subscription of a channel keeps nothing of the request that came first',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/memory-backplane.ts',
    ['sse-core/test/memory-backplane.test'],
    [['clearInterval(sweep)\n    sweep = undefined', 'sweep = undefined', 'nothing is swept where nothing is kept']],
  ),
  ...mutantsOf('sse-core/src/registry.ts', LOOPS, [
    ['clearInterval(this.#sweepTimer)\n', '', 'nothing is swept where nothing is in use'],
  ]),
  ...mutantsOf('sse-core/src/merge.ts', LOOPS, [
    [
      'for (const puller of this.#pullers) puller.cancel(',
      'for (const puller of []) puller.cancel(',
      'merged sources are left together',
    ],
    ['this.#finish()\n      throw error', 'throw error', 'merged sources are left where one of them cannot begin'],
  ]),
  ...mutantsOf('sse-core/src/puller.ts', LOOPS, [
    ["  source.on('error', () => {})\n", '', 'a stream of Node that fails before it is read ends no process'],
    [
      'await result.value }',
      'await Promise.resolve(result.value).catch((error) => {\n isDone = true\n throw error\n }) }',
      'a sync iterable is left whose promise rejects',
    ],
    ['reader.cancel().catch(', 'Promise.resolve().catch(', 'a web stream that is left is cancelled'],
    ['stream.destroy()', 'stream', 'a stream of Node that is left is destroyed'],
  ]),
  ...mutantsOf(
    'koa-sse/src/index.ts',
    ['koa-sse/test/not-awaited'],
    [
      ['this.respond = false', 'void 0', 'Koa leaves a stream alone'],
      ['handled.then(() => unawaited(ctx))', 'handled', 'a stream without a head is waited for'],
      ['if (this.respond !== false) this[BEGUN] = over\n', '', 'a stream without a head is known'],
      [
        'Promise.prototype.then.call(over, undefined, () => {})',
        'over',
        'an error that a handler has caught is its own to answer',
      ],
      ['await nextTurn()\n', '', 'an error that nobody hears of is answered'],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/contract-fastify.test'],
    [
      [
        '(req as OwnedRequest)[OWNER] === managers',
        'req !== undefined',
        'only what was asked of an instance ends with it',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-testkit/src/reader.ts',
    ['sse-testkit/test/reader.test'],
    [
      ['void reader?.cancel().catch(() => {})', '', 'a test that leaves a response is gone'],
      ['isComplete: () => !hasLeft', 'isComplete: () => true', 'who has left has not read to the end'],
      ['controller.abort(late)', '{}', 'a head that does not come is not waited for'],
      ['.finally(() => clearTimeout(timer))', '', 'the time for the head ends with the head'],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/managers.test', 'fastify-sse/test/contexts.test'],
    [
      ['#known = new WeakSet', '#known = new Set', 'a manager whose streams are over is let go'],
      ['ref.deref() ?? []', '[]', 'a manager that nobody but its streams holds ends them as the instance closes'],
      [
        "if (!fastify.hasRequestDecorator('sseChannel')) fastify",
        'fastify',
        'a context may register the plugin though its parent has it',
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
        'cookies that reply.setCookie() has set are sent',
      ],
      ["key === undefined && server.hasPlugin('@fastify/cookie')", 'false', 'cookies that cannot be found are missed'],
      ['(key === undefined && ', '(', 'cookies that are found are not'],
    ],
  ),
]
