import { mutantsOf, TESTS } from './mutant.mjs'

const LOG = ['sse-core/test/(cursor-model.stress|resume|history|broker|broker-gaps|broker-past|end).test']

/** What the log, the cursors and the encoding promise. */
export const promises = [
  ...mutantsOf(
    'sse-core/src/event-fields.ts',
    ['sse-core/test/event'],
    [
      [" || text.includes('\\r')", '', 'CR injects nothing'],
      [" || text.includes('\\0')", '', 'NUL is refused'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/event-text.ts',
    ['sse-core/test/event'],
    [
      ['/\\r\\n|\\r|\\n/g', '/\\r|\\n/g', 'CRLF is one break'],
      ["!text.includes('\\r')", 'true', 'a lone CR is a break'],
      [
        'return Object.freeze(copy)',
        'return copy',
        'an event that was checked stays as it is',
        ['sse-core/test/(broadcast|stream|event)'],
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/log.ts', LOG, [
    ['if (id === this.#idBeforeOldest) return this.oldest', '', 'who has the id before the oldest has missed nothing'],
    ['this.#idBeforeOldest = item.id\n', '', 'the place before the oldest has the id of what was evicted'],
    ["if (item.kind === 'end') return false", '', 'an end is never evicted'],
    [
      'if (!positions.has(id)) positions.set(id, position)',
      'if (true) positions.set(id, position)',
      'of an id that occurs twice the older counts',
    ],
    ['this.bytes -= item.frame?.size ?? 0\n', '', 'what is evicted counts no longer'],
    [
      'this.at(this.oldest).since < expiry) && this.evictOldest());\n  }\n\n  #index',
      'false) && this.evictOldest());\n  }\n\n  #index',
      'a full log forgets what is too old',
    ],
    [
      'if (this.oldest === this.#offered || ',
      'if (this.length === 0 || ',
      'who reads all that there is loses nothing, whatever happens in one tick',
    ],
    [
      ' || this.oldest === this.#heldFrom',
      '',
      'a reader gets what it came for, whatever is broadcast because it came',
      [...TESTS.contract, 'sse-core/test/history.test'],
    ],
    [
      'if (position < this.#heldFrom) this',
      'this',
      'a reader gets what it came for, whoever comes for less',
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
        'all nodes hear in one order, whoever publishes within a delivery',
      ],
      ['if (reader.position === memory.delivered) give(', 'give(', 'who subscribes within a delivery hears it once'],
      ['Math.max(limits.maxAgeMs + 1, MIN_SWEEP_MS)', 'limits.maxAgeMs + 1', 'a short history costs no timers'],
    ],
  ),
  ...mutantsOf('sse-core/src/budget.ts', LOG, [
    ['this.#counted.set(log, counted)\n', '', 'of all channels the one that rested longest forgets first'],
    ['this.#bytes += log.bytes - counted', 'this.#bytes -= counted', 'what all channels hold is what they hold'],
  ]),
  ...mutantsOf('sse-core/src/feed.ts', TESTS.contract, [
    [
      'else this.#settle(log, head)',
      'else this.#settle(log, log.head)',
      'who reads all that there is loses nothing, whatever others broadcast as they read',
    ],
    [
      'if (log.isOverfull) log.trim(now())\n',
      '',
      'a burst costs other channels nothing',
      ['sse-core/test/history.test'],
    ],
  ]),
  ...mutantsOf('sse-core/src/subscription.ts', TESTS.contract, [
    [
      'if (!this.isUpToDate) this.keepPlace()',
      'if (!this.#writer.isWritable) this.keepPlace()',
      'a gap says so of who was put off',
    ],
    ['if (!this.isUpToDate) this.keepPlace()\n', '', 'a gap says which event the client had last'],
  ]),
  ...mutantsOf('sse-core/src/cursor.ts', LOG, [
    ['this.position < log.oldest', 'false', 'who fell out of the log is told'],
    [
      'const trouble = readPast === undefined ? LOST',
      'const trouble = readPast === undefined ? undefined',
      'an unknown id is told of a gap',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/callbacks.ts',
    ['sse-core/test/(asynchronous-callbacks|filter).test'],
    [
      ['if (!types.isPromise(answer)) return', 'return', 'a filter that answers later lets nothing through'],
      [
        'if (types.isPromise(result)) result.catch(report)\n',
        '',
        'a listener that rejects later does not end the process',
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
        'an asynchronous heartbeat is told as such',
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
        'an asynchronous predicate chooses nobody',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/writer.ts',
    ['sse-core/test/replaced-write.test'],
    [['this.#owner.fail(error)', 'throw error', 'a res.write that throws ends its stream alone']],
  ),
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    ['sse-core/test/request-context.test'],
    [
      [
        'this.run(() => this.#tell(outcome, failure))',
        'this.#tell(outcome, failure)',
        'errors are told in the context of their request',
      ],
      [
        'rareState.keepScope()\n    const { signal }',
        'const { signal }',
        'an abort is told in the context of its request',
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
        'what a reader came for is evicted in time, read or not',
      ],
      [
        '      log.release()\n      this.#settle(log, log.head)',
        '      this.#settle(log, log.head)',
        'what a reader came for is held for one turn',
      ],
      [
        '    log.release()\n    this.#settle(log, head)',
        '    this.#settle(log, head)',
        'nothing is held for a new reader that would be too much',
      ],
      ['if (hasGrown) this', 'if (true) this', 'who only reads takes no history of other channels'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/snapshot.test'],
    [['{ event: snapshotOf(input.event, body) }', 'input', 'what waits for its log stays as it was']],
  ),
  ...mutantsOf(
    'sse-core/src/listener-iterator.ts',
    ['sse-core/test/snapshot.test'],
    [
      [
        'return item.copyEvent()',
        'return { ...(item.event as SseEvent) }',
        'what a loop does to an event is its own affair',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/registry.ts',
    ['sse-core/test/idle.test'],
    [['if (channel.isClosed) continue\n', '', 'a name is free again when its channel has ended and is forgotten']],
  ),
  ...mutantsOf(
    'sse-core/src/streaming.ts',
    ['sse-core/test/failing-early.test'],
    [
      ['  for (const part of partsOf(source)) expectErrors(part)\n', '', 'a Readable that fails early ends no process'],
      ['  take(result)\n', '', 'nor does one that a function returned'],
    ],
  ),
  ...mutantsOf('sse-core/src/pulling.ts', TESTS.contract, [
    [
      'return { isDone: false, packet: connection.config.encoder.event(value) }',
      'await turn()\n  return { isDone: false, packet: connection.config.encoder.event(value) }',
      'a first event that cannot be written is an error response',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/subscriptions.ts',
    ['sse-core/test/answered-by-others.test'],
    [['while (this.#running.size > 0) await', 'await', 'a function lasts as long as what it subscribes to later']],
  ),
  ...mutantsOf(
    'sse-core/src/subscriptions.ts',
    ['sse-core/test/places.test'],
    [
      [
        'this.#places.push(lastEventId)',
        "this.#places.push('')",
        'a channel that is not ready keeps its part of the id',
      ],
      ['this.#places[place] = subscription.lastId\n', '', 'a stream does not hold the rooms that it left'],
      [
        '    const place = this.reserve(',
        '    if (signal?.aborted) return\n    const place = this.reserve(',
        'a channel whose signal has aborted has its place',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/streaming.ts',
    ['sse-core/test/cold.test'],
    [
      [
        'if (source instanceof SseChannel) return source.listen({ rewind })\n',
        '',
        'a cold channel misses nothing after the request',
      ],
      [
        'if (!(source instanceof MergedSource)) return source\n',
        'return source\n',
        'nor do cold channels that are merged',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/channel-source.ts', TESTS.contract, [
    [
      'return rewound.position < cursor.position ? rewound : cursor',
      'return rewound',
      'a short rewind takes nothing from what came since listen()',
    ],
    ['if (own.rewind !== undefined || rewind === 0)', 'if (true)', 'a response may rewind a listen()'],
  ]),
  ...mutantsOf(
    'sse-core/src/subscription.ts',
    ['sse-core/test/cold.test'],
    [['else this.#writer.enqueue(checkpoint)\n', '\n', 'a full socket costs no checkpoint']],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/cold.test', 'sse-core/test/history.test'],
    [
      [' && sequence > this.#acceptedSequence', '', 'the newest id is that of the last call'],
      [
        '        // Nobody reads it yet.\n        this.#settle(log, log.head)\n',
        '        log.offer(log.head)\n',
        'what a backplane brings is counted',
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
        'a backplane may return nothing',
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
        'a source that is quiet has not come to its end',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/writer.ts',
    ['sse-core/test/foreign-response.test'],
    [
      [
        'this.config.report(error)\n      destroyResponse(this.#res)\n',
        'throw error\n',
        'an end() that throws is over all the same',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/channel.ts',
    ['sse-core/test/idle.test'],
    [['if (!isForgotten && !isIdle)', 'if (!isIdle)', 'an ended channel is forgotten, however many come for it']],
  ),
  ...mutantsOf(
    'sse-core/src/subscription.ts',
    ['sse-core/test/places.test'],
    [['if (!this.#isOver) this.connection.fail', 'this.connection.fail', 'a channel that was left fails nothing']],
  ),
  ...mutantsOf(
    'sse-core/src/puller.ts',
    ['sse-core/test/request.test', 'sse-testkit/test/clients-let-go'],
    [
      ['if (isRequest(source)) return pullBody(source)\n', '', 'a request that is streamed back is not destroyed'],
      [
        'finished(request, (error) => (error ? body.destroy(error) : body.end()))',
        '(): void => {}',
        'a body that is torn off rejects',
      ],
      ['request.resume()\n', '', 'the connection of a request that was streamed back takes the next one'],
      ['        report(error)\n', '        throw error\n', 'a destroy() that throws is reported, and that is all'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/response-close.ts',
    ['sse-core/test/pipelined-end.test'],
    [
      [
        'if (isWaiting) res.emit(DESTROYED)\n',
        '',
        'close() waits for its grace, and no longer, for who waits behind another',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/pulling.ts',
    ['sse-core/test/streamed-twice.test'],
    [
      [
        '  const puller = pullEvents(source)\n',
        '  if (source instanceof SseStream) source.bound(Infinity, () => {})\n  const puller = pullEvents(source)\n',
        'who is refused an SseStream leaves its bound alone',
      ],
    ],
  ),
  ...mutantsOf('sse-core/src/answer.ts', TESTS.contract, [
    [
      'if (!isDown || connection.isOpen',
      'if (!isDown || true || connection.isOpen',
      'a broker that is down is an overload to functions too',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/response-lifecycle.ts',
    ['sse-core/test/answered-by-others.test'],
    [['if (this.#isTaken) this.#failAsTaken()\n    else if', 'if', 'who answers before the stream is told so']],
  ),
  ...mutantsOf('sse-core/src/head.ts', TESTS.http2, [
    ['    unsetStreamHead(res, options)\n', '', 'a head that could not be sent is taken back'],
  ]),
  ...mutantsOf(
    'sse-core/src/connection.ts',
    ['sse-core/test/eager-sends.test'],
    [['!writer.isOverfull && !isEager', '!writer.isOverfull', 'sends that are awaited leave others a turn']],
  ),
  ...mutantsOf(
    'sse-core/src/stream-config-of.ts',
    ['express-sse/test/own-manager.test'],
    [['if (!(source instanceof MergedSource)) return', 'return', 'merged channels belong to their manager']],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/(broker|broker-gaps|broker-past|history|cursor-model.stress|broadcast).test'],
    [
      ['process.nextTick(flush, this)', 'flush(this)', 'all events of one tick are one write', TESTS.contract],
      ['if (this.#whenWarm !== undefined) {', 'if (false) {', 'listen() takes its place when it is called'],
      [
        'void whenWarm\n      .then(() => {})\n      .then(',
        'void whenWarm.then(',
        'broadcasts that wait for a log keep their order',
        ['sse-core/test/cold.test'],
      ],
      [
        "if ('end' in input) this.#wasEnded = true\n    else if",
        'if',
        'who has ended a channel may do so again',
        ['sse-core/test/end.test'],
      ],
      [
        '// Nobody reads it yet.\n        this.#settle(log, log.head)\n',
        '',
        'what a broker keeps is forgotten here when it is too old here',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/channel.ts',
    ['sse-core/test/(end|broker-down|isolation|source).test'],
    [
      ["if (typeof accepted === 'object') await accepted\n", '', 'a channel does not end without its last event'],
      ['this.#ending = result\n', '', 'nothing comes between the last event and the end'],
      ['if (this.#ending !== undefined) return this.#ending\n', '', 'all who end a channel at once have one outcome'],
      ['this.#ending = undefined\n        result.fail', 'result.fail', 'a channel whose end is refused goes on'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/intake.ts',
    ['sse-core/test/(broker-down|broker|broker-gaps|broker-past).test'],
    [
      ['return gapItem(', 'throw error; gapItem(', 'an entry that cannot be written is a gap'],
      ['return Promise.reject(error)', 'throw error', 'a backplane that throws is one that cannot be read'],
    ],
  ),
  ...mutantsOf('sse-core/src/vector-id.ts', TESTS.contract, [
    [' || isIn(first, lastEventId)', '', "a publisher's own id is not several, though it has a tilde"],
    [
      'isAlone && !isIn',
      '!isIn',
      'each gap of several channels tells what the client had of that channel, the first one too',
    ],
    ['isAlone && !isIn', 'false && !isIn', 'an id of one channel alone is what it is'],
    ["isAlone && !isIn(first, parts[0] ?? '')", 'isAlone', 'a channel that another one joins resumes'],
    ["part === '' || (isId(part) && !part.includes(SEPARATOR))", 'true', 'what a client says is not written unseen'],
    ['id.length <= MAX_LENGTH ? id : undefined', 'id', 'ids of several channels are no longer than browsers like'],
  ]),
  ...mutantsOf('sse-core/src/subscriptions.ts', TESTS.contract, [
    [
      'if (this.#places.length === 1) {',
      'if (false) {',
      'an id that looks like several does not cost one channel its ids',
    ],
  ]),
  ...mutantsOf('sse-core/src/stream.ts', TESTS.contract, [
    [
      'Buffer.byteLength(idLine(checked.event.id) + checked.body)',
      '(idLine(checked.event.id) + checked.body).length',
      'what waits in an SseStream is counted in bytes',
    ],
    ['idLine(checked.event.id) + checked.body', 'checked.body', 'the ids of what waits count as well'],
    ['this.#bound === undefined ? 0 : ', '', 'what an SseStream held before its response began does not count'],
    ['this.#bytes -= next.bytes\n', '', 'what an SseStream has given does not count any more'],
  ]),
  ...mutantsOf(
    'sse-core/src/queue.ts',
    ['sse-core/test/stream.test'],
    [['this.#back.reverse()', 'this.#back', 'an SseStream keeps its order']],
  ),
  ...mutantsOf(
    'sse-core/src/observed.ts',
    ['sse-core/test/(broadcast|isolation).test'],
    [
      ['if (!this.#isObserved) report(error)', 'report(error)', 'an awaited error goes to who awaits it alone'],
      ['Promise.prototype.then.call(this, undefined, ignore)\n', '', 'an error that nobody awaits ends no process'],
    ],
  ),
]
