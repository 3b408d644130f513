import { mutantsOf, TESTS } from './mutant.mjs'

const LOG = [
  'sse-core/test/(cursor-model.stress|resume|history|channel-on-slow-broker|broker-gaps|backplane-replay|end).test',
]

/** What readers get: the log, the cursors, the encoding, and the sources and callbacks around them. */
export const delivery = [
  ...mutantsOf(
    'sse-core/src/event-fields.ts',
    ['sse-core/test/event'],
    [
      [" || text.includes('\\r')", '', 'a CR in a field injects nothing'],
      [" || text.includes('\\0')", '', 'a NUL in a field is refused'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/event-text.ts',
    ['sse-core/test/event'],
    [
      ['/\\r\\n|\\r|\\n/g', '/\\r|\\n/g', 'CRLF is one line break'],
      ["!text.includes('\\r')", 'true', 'a lone CR is a line break'],
      [
        'return Object.freeze(copy)',
        'return copy',
        'an event that was checked does not change afterwards',
        ['sse-core/test/(broadcast|stream|event)'],
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/log.ts', LOG, [
    [
      'if (id === this.#idBeforeOldest) return this.oldest',
      '',
      'a reader with the id before the oldest event has missed nothing',
    ],
    [
      'this.#idBeforeOldest = item.id\n',
      '',
      'after an eviction, the id before the oldest event is that of the evicted one',
    ],
    ["if (item.kind === 'end') return false", '', 'the end of a channel is never evicted'],
    [
      'if (!positions.has(id)) positions.set(id, position)',
      'if (true) positions.set(id, position)',
      'if an id occurs twice, the older event counts',
    ],
    ['this.bytes -= item.frame?.size ?? 0\n', '', 'evicted bytes no longer count'],
    [
      'this.at(this.oldest).since < expiry) && this.evictOldest());\n  }\n\n  #index',
      'false) && this.evictOldest());\n  }\n\n  #index',
      'a full log evicts events that are too old',
    ],
    [
      'if (this.oldest === this.#offered || ',
      'if (this.length === 0 || ',
      'events of one tick are not evicted before readers had a turn to read them',
    ],
    [
      ' || this.oldest === this.#heldFrom',
      '',
      'a broadcast made while a reader subscribes does not evict what it resumes from',
      [...TESTS.contract, 'sse-core/test/history.test'],
    ],
    [
      'if (position < this.#heldFrom) this',
      'this',
      'a second new reader does not release what is held for the first',
      ['sse-core/test/history.test'],
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/memory-backplane.ts',
    ['sse-core/test/memory-backplane.test'],
    [
      [
        'if (!memory.isDelivering) deliver',
        'deliver',
        'every node gets events in one order, even if one is published during a delivery',
      ],
      [
        'if (reader.position === memory.delivered) give(',
        'give(',
        'a sink that subscribes during a delivery gets the event once',
      ],
      [
        'Math.max(limits.maxAgeMs + 1, MIN_SWEEP_MS)',
        'limits.maxAgeMs + 1',
        'with a short history, memoryBackplane() does not sweep more often than its minimum interval',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/budget.ts', LOG, [
    ['this.#counted.set(log, counted)\n', '', 'the channel that has been quiet longest evicts first'],
    ['this.#bytes += log.bytes - counted', 'this.#bytes -= counted', 'the total size of all logs is counted exactly'],
  ]),
  ...mutantsOf('sse-core/src/feed.ts', TESTS.contract, [
    [
      'else this.#settle(log, head)',
      'else this.#settle(log, log.head)',
      'events that one reader broadcasts while it reads are not evicted before others had a turn',
    ],
    [
      'if (log.isOverfull) log.trim(now())\n',
      '',
      "a burst is trimmed to its channel's own limits before other channels lose events",
      ['sse-core/test/history.test'],
    ],
  ]),
  ...mutantsOf('sse-core/src/subscription.ts', TESTS.contract, [
    [
      'if (!this.isUpToDate) this.keepPlace()',
      'if (!this.#writer.isWritable) this.keepPlace()',
      'the place of a reader that another channel delays is noted for sse-gap',
    ],
    ['if (!this.isUpToDate) this.keepPlace()\n', '', 'sse-gap names the last event that the client received'],
    ['this.#writer.config.manager?.connections.countGap()\n', '', 'the stats of a manager count sse-gap events'],
  ]),
  ...mutantsOf('sse-core/src/cursor.ts', LOG, [
    ['this.position < log.oldest', 'false', 'a reader whose position was evicted gets sse-gap'],
    [
      'log.readPast === undefined ? LOST',
      'log.readPast === undefined ? undefined',
      'a client with an unknown id gets sse-gap',
    ],
  ]),
  ...mutantsOf('sse-core/src/response-lifecycle.ts', TESTS.contract, [
    [
      ' && this.reading?.hasMore !== true) this',
      ') this',
      'a shutdown waits for a slow reader that reads from the backplane',
    ],
  ]),
  ...mutantsOf('sse-core/src/cursor.ts', TESTS.contract, [
    [
      'if (readPast === undefined || pastId === undefined)',
      'if (true)',
      'a slow client gets what its node has evicted from the backplane',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/cursor.ts',
    ['sse-core/test/repeated-ids'],
    [
      [
        'const hasOwnId = id !== pastId',
        'const hasOwnId = false',
        'a slow reader whose id occurs again reads on from the unique one',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/callbacks.ts',
    ['sse-core/test/(asynchronous-callbacks|filter).test'],
    [
      ['if (!isThenable(answer)) return', 'return', 'an asynchronous filter lets no event through'],
      [
        'if (!isThenable(answer)) return',
        'if (!types.isPromise(answer)) return',
        "a filter that returns a query builder's promise lets no event through",
      ],
      [
        'if (types.isPromise(result)) result.catch(report)\n',
        '',
        'a listener whose promise rejects does not end the process',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/connection.ts',
    ['sse-core/test/asynchronous-callbacks.test'],
    [
      [
        "requireAnswer(this.run(heartbeat), 'heartbeat')",
        'this.run(heartbeat)',
        'an asynchronous heartbeat function is reported as a mistake',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/admission.ts',
    ['sse-core/test/asynchronous-callbacks.test'],
    [
      [
        "requireAnswer(predicate(connection), 'the predicate')",
        'predicate(connection)',
        'an asynchronous predicate selects no connection',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/writer.ts',
    ['sse-core/test/replaced-write.test'],
    [['this.#owner.fail(error)', 'throw error', 'a res.write() that throws ends only its own stream']],
  ),
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    ['sse-core/test/request-context.test'],
    [
      [
        'this.run(() => this.#tell(outcome, failure))',
        'this.#tell(outcome, failure)',
        'errors are reported in the async context of their request',
      ],
      [
        'rareState.keepScope()\n    const { signal }',
        'const { signal }',
        'the abort of connection.signal runs in the async context of its request',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/history.test'],
    [
      [
        'if (log.holdFrom(cursor.position)) this',
        'if (log.holdFrom(cursor.position) && log.isBursting) this',
        'what is held for a new reader is evicted even if nothing more is broadcast',
      ],
      [
        '      log.release()\n      this.#settle(log, log.head)',
        '      this.#settle(log, log.head)',
        'events are held for a new reader for one turn of the event loop only',
      ],
      [
        '    log.release()\n    this.#settle(log, head)',
        '    this.#settle(log, head)',
        'in a burst, nothing is held for a new reader',
      ],
      ['if (hasGrown) this', 'if (true) this', 'reading a channel does not make other channels evict before it'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/snapshot.test'],
    [
      [
        '{ event: snapshotOf(input.event, input.body) }',
        'input',
        'an event that waits for its log does not change while it waits',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/listener-iterator.ts',
    ['sse-core/test/snapshot.test'],
    [
      [
        'return item.copyEvent()',
        'return { ...(item.event as SseEvent) }',
        'a loop can change its event without changing that of other readers',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/registry.ts',
    ['sse-core/test/idle.test'],
    [['if (channel.isClosed) continue\n', '', 'the name of an ended channel is free once the channel is forgotten']],
  ),
  ...mutantsOf(
    'sse-core/src/streaming.ts',
    ['sse-core/test/failing-readable.test'],
    [
      [
        '  for (const part of partsOf(source)) expectErrors(part)\n',
        '',
        'a Readable that fails early does not end the process',
      ],
      ['  take(result)\n', '', 'a Readable that a function returned and that fails early does not end the process'],
    ],
  ),
  ...mutantsOf('sse-core/src/pulling.ts', TESTS.contract, [
    [
      'return { isDone: false, packet: connection.config.encoder.event(value) }',
      'await turn()\n  return { isDone: false, packet: connection.config.encoder.event(value) }',
      'a first event that cannot be written becomes an error response',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/subscription-group.ts',
    ['sse-core/test/respond.test'],
    [
      [
        'while (this.#running.size > 0) await',
        'await',
        'a function lasts as long as all subscriptions that it makes, even late ones',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/subscription-group.ts',
    ['sse-core/test/subscription-positions.test'],
    [
      ['this.#parts.push(lastEventId)', "this.#parts.push('')", 'a channel that is not ready keeps its part of the id'],
      [
        'this.#parts[index] = subscription.lastId\n',
        '',
        'a stream does not keep the subscriptions of channels that it has left',
      ],
      [
        '    const index = this.reserve(',
        '    if (signal?.aborted) return\n    const index = this.reserve(',
        'a channel whose signal has already aborted still takes its place in the id',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/streaming.ts',
    ['sse-core/test/on-error.test'],
    [
      [
        'else reportForgotten(connection)\n',
        '',
        'a function that does not await its subscription, and so ends its stream, is reported',
      ],
      [
        'connection.closeReason !== undefined || !connection',
        '!connection',
        'a function that has closed its connection is not reported',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/subscription-group.ts',
    ['sse-core/test/released-while-read.test'],
    [
      [
        'else if (channel.resume(cursor.log)) subscription.begin()',
        'else if (true) subscription.begin()',
        "a channel that another one's listener has closed has no subscriber left",
      ],
      [
        "else this.#connection.close('end')",
        'else subscription.close()',
        'a client reconnects if the log of one of its channels was released before it could read it',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/released-while-read.test'],
    [
      [
        'this.#warming !== undefined || this.#isAwaited',
        'this.#warming !== undefined',
        'a log that has just become ready is not released before those who waited for it have read it',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/subscription-group.ts',
    ['sse-core/test/on-error.test'],
    [
      [
        ' && !some(this.#running, ({ isObserved }) => isObserved)',
        '',
        'a function that awaits a subscription is not reported',
      ],
      [' && !this.#wasAwaited', '', 'a function that has awaited a subscription is not reported'],
      ['isOpen && this.#isNew', 'isOpen', 'a function that does something else for longer is not reported'],
      ['return isOpen && ', 'return ', 'a function whose subscription is over is not reported'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/streaming.ts',
    ['sse-core/test/log-not-ready.test'],
    [
      [
        'if (source instanceof SseChannel) return source.listen({ rewind })\n',
        '',
        'a channel whose log is not ready misses no event after the request',
      ],
      [
        'if (!(source instanceof MergedSource)) return source\n',
        'return source\n',
        'merged channels whose logs are not ready miss no event after the request',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/channel-source.ts', TESTS.contract, [
    [
      'return rewound.position < cursor.position ? rewound : cursor',
      'return rewound',
      'a short rewind of the response skips no event broadcast since listen()',
    ],
    [
      'if (own.rewind !== undefined || rewind === 0)',
      'if (true)',
      'the rewind of a response applies to a listen() without one',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/subscription.ts',
    ['sse-core/test/log-not-ready.test'],
    [['else this.#writer.enqueue(checkpoint)\n', '\n', 'a full socket does not lose the first checkpoint']],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/log-not-ready.test', 'sse-core/test/history.test'],
    [
      [
        ' && sequence > this.#acceptedSequence',
        '',
        'lastEventId is the id of the latest broadcast, even if a broker answers in another order',
      ],
      [
        '        // Nobody reads it yet.\n        this.#settle(log, log.head)\n',
        '        log.offer(log.head)\n',
        'events that a backplane delivers count towards maxHistoryBytes',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/intake.ts',
    ['sse-core/test/broker-down.test'],
    [
      [
        'return Promise.resolve(this.#backplane.subscribe(',
        'return (this.#backplane.subscribe(',
        "a backplane's subscribe() may return no promise",
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/pipes.ts',
    ['sse-core/test/source.test'],
    [
      [
        'setImmediate(() => this.#fail',
        'this.cancel()\n    setImmediate(() => this.#fail',
        'a quiet source that is stopped does not look as if it had ended',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/writer.ts',
    ['sse-core/test/unusual-responses.test'],
    [
      [
        'this.config.report(error)\n      destroyResponse(this.#res)\n',
        'throw error\n',
        'an end() that throws still destroys the response',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/channel.ts',
    ['sse-core/test/idle.test'],
    [
      [
        'if (!isForgotten && !isIdle)',
        'if (!isIdle)',
        'an ended channel is forgotten even if clients keep requesting it',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/subscription.ts',
    ['sse-core/test/subscription-positions.test'],
    [
      [
        'if (!this.#isOver) this.connection.fail',
        'this.connection.fail',
        'a page that cannot be loaded does not fail the stream once its channel was left',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/puller.ts',
    ['sse-core/test/request.test', 'sse-testkit/test/clients-release-sources'],
    [
      ['if (isRequest(source)) return pullBody(source)\n', '', 'a request that is streamed back is not destroyed'],
      [
        'finished(request, (error) => (error ? body.destroy(error) : body.end()))',
        '(): void => {}',
        'a request body that is cut off rejects',
      ],
      ['request.resume()\n', '', 'after a request was streamed back, its connection accepts the next request'],
      ['        report(error)\n', '        throw error\n', 'a destroy() that throws is reported and not thrown'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/respond.ts',
    ['sse-core/test/pipelined.test'],
    [
      [
        'if (isPipelined(res) && !isWaiting(res)) whenInTurn(res, () => connect',
        'if (false) whenInTurn(res, () => connect',
        'a pipelined response that waits for its turn takes no slot of its manager',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/pipelining.ts',
    ['sse-core/test/pipelined.test'],
    [
      ['AsyncResource.bind(callback)', 'callback', 'a pipelined stream begins in the async context of its own request'],
      ['  onClose(socket, begin)\n', '', 'a pipelined response that waits notices that its client has disconnected'],
      ["  res.on('socket', begin)\n", '', 'a pipelined stream begins when the response before it is finished'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/pulling.ts',
    ['sse-core/test/streamed-twice.test'],
    [
      [
        '  const puller = pullEvents(source)\n',
        '  if (source instanceof SseStream) source.bound(Infinity, () => {})\n  const puller = pullEvents(source)\n',
        "a second consumer of an SseStream is refused without changing the stream's bound",
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/answer.ts', TESTS.contract, [
    [
      'if (!isDown || connection.isOpen',
      'if (!isDown || true || connection.isOpen',
      'a function that needs a broker that is down is refused as an overload',
    ],
    [
      'if (!hasClosedChannel(source)) {',
      'if (true) {',
      'a channel that is deleted while a client waits for a slow broker ends the stream',
    ],
  ]),
  ...mutantsOf('sse-core/src/streaming.ts', TESTS.contract, [
    [
      '|| hasClosedChannel(ready)',
      '',
      'a channel that a function returned, and that is deleted while the broker is slow, ends the stream',
    ],
    [
      'while (!hasClosedChannel(source)) {',
      'for (;;) {',
      'a channel that is deleted while a client waits for a slow broker is not asked for again',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    ['sse-core/test/respond.test'],
    [
      [
        'if (this.#isTaken) this.#failAsTaken()\n    else if',
        'if',
        'a stream whose response other code has begun fails with ERR_SSE_HEADERS_SENT',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/head.ts', TESTS.http2, [
    ['    unsetStreamHead(res, options)\n', '', 'response headers that could not be sent are removed again'],
  ]),
  ...mutantsOf(
    'sse-core/src/connection.ts',
    ['sse-core/test/send-fairness.test'],
    [
      [
        '!writer.isOverfull && !isEager',
        '!writer.isOverfull',
        'a source that awaits each send() lets the event loop turn',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/stream-config-of.ts',
    ['express-sse/test/own-manager.test'],
    [
      [
        'if (!(source instanceof MergedSource)) return',
        'return',
        "a stream of merged channels belongs to the channels' manager",
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/(channel-on-slow-broker|broker-gaps|backplane-replay|history|cursor-model.stress|broadcast).test'],
    [
      ['process.nextTick(flush, this)', 'flush(this)', 'all events of one tick are one write', TESTS.contract],
      [
        'if (this.#whenWarm === undefined)',
        'if (true)',
        'a broadcast after listen() reaches its loop, even while the log warms',
      ],
      [
        'void whenWarm\n      .then(() => {})\n      .then(',
        'void whenWarm.then(',
        'broadcasts that wait for a log keep their order',
        ['sse-core/test/log-not-ready.test'],
      ],
      [
        "if ('end' in input) this.#wasEnded = true\n    else if",
        'if',
        'end() on a channel that this node has ended resolves',
        ['sse-core/test/end.test'],
      ],
      [
        '// Nobody reads it yet.\n        this.#settle(log, log.head)\n',
        '',
        'events from a broker that are too old for this node are evicted',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/channel.ts',
    ['sse-core/test/(end|broker-down|isolation|source).test'],
    [
      [
        "if (typeof accepted === 'object') await accepted\n",
        '',
        'a channel does not end before its last event is accepted',
      ],
      ['this.#ending = result\n', '', 'no broadcast comes between the last event and the end'],
      ['if (this.#ending !== undefined) return this.#ending\n', '', 'concurrent calls of end() have one outcome'],
      ['this.#ending = undefined\n        result.fail', 'result.fail', 'a channel whose end was refused stays open'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/intake.ts',
    ['sse-core/test/(broker-down|channel-on-slow-broker|broker-gaps|backplane-replay).test'],
    [
      ['return gapItem(', 'throw error; gapItem(', 'an entry that cannot be written becomes a gap'],
      [
        'return Promise.reject(error)',
        'throw error',
        'a backplane whose subscribe() throws counts as one that rejects',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/vector-id.ts', TESTS.contract, [
    [' || isIn(first, lastEventId)', '', "a publisher's own id with a tilde is one id"],
    [
      'isAlone && !isIn',
      '!isIn',
      "sse-gap names the client's last id in its own channel, also for the first of several channels",
    ],
    [
      'isAlone && !isIn',
      'false && !isIn',
      'a stream of one channel does not split an id with a tilde that it does not know',
    ],
    [
      "isAlone && !isIn(first, parts[0] ?? '')",
      'isAlone',
      'a stream of one channel resumes from its part of an id for several channels',
    ],
    [
      "part === '' || (isId(part) && !part.includes(SEPARATOR))",
      'true',
      'parts of an id that the client sent are checked before they are written',
    ],
    ['id.length <= MAX_LENGTH ? id : undefined', 'id', 'an id for several channels is not longer than the limit'],
  ]),
  ...mutantsOf('sse-core/src/subscription-group.ts', TESTS.contract, [
    [
      ' || channel.wasClosed) return',
      ') return',
      'a subscription to a channel that is deleted while the broker is slow resolves',
    ],
    [
      'if (this.#parts.length === 1) {',
      'if (false) {',
      "a client's id that only looks like several does not keep one channel from sending ids",
    ],
  ]),
  ...mutantsOf('sse-core/src/stream.ts', TESTS.contract, [
    [
      'Buffer.byteLength(idLine(checked.event.id) + checked.body)',
      '(idLine(checked.event.id) + checked.body).length',
      'the size of what waits in an SseStream is counted in bytes',
    ],
    [
      'idLine(checked.event.id) + checked.body',
      'checked.body',
      'the size of what waits in an SseStream includes the ids',
    ],
    ['this.#bound === undefined ? 0 : ', '', 'events added to an SseStream before its response began do not count'],
    ['this.#bytes -= next.bytes\n', '', 'events that an SseStream has given no longer count'],
  ]),
  ...mutantsOf(
    'sse-core/src/queue.ts',
    ['sse-core/test/stream.test'],
    [['this.#back.reverse()', 'this.#back', 'an SseStream keeps the order of its events']],
  ),
  ...mutantsOf(
    'sse-core/src/observed.ts',
    ['sse-core/test/(broadcast|isolation).test'],
    [
      [
        'if (!this.#isObserved) report(error)',
        'report(error)',
        'an awaited broadcast reports its error only to its caller',
      ],
      [
        'Promise.prototype.then.call(this, undefined, ignore)\n',
        '',
        'a broadcast that is not awaited does not end the process when it fails',
      ],
    ],
  ),
]
