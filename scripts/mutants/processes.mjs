import { mutantsOf } from './mutant.mjs'

const FOLLOWERS = ['sse-core/test/followers.test', 'sse-testkit/test/backplane-bell.test']
const REDIS = ['sse-redis/test/contract.test', 'sse-redis/test/(killed|silent|bell-lost|data-lost|refused).test']

/** What must hold across processes. */
export const processes = [
  ...mutantsOf('sse-core/src/follower.ts', FOLLOWERS, [
    ['this.#deliver(entries.slice(index + 1))', 'this.#deliver(entries)', 'what was read is not heard again'],
    [
      'else if (news === undefined) this.#isBehind = true',
      'else if (news === undefined) return',
      'a bell without news is heard while reading',
    ],
    [
      'this.#deliver(first === -1 ? [] : entries.slice(first))',
      'this.#deliver(entries)',
      'after a gap nothing comes twice',
    ],
    ['this.#sink.gap(before?.entry.id ?? originId)', '', 'lost data is told of by a gap'],
    ['pending.bytes + bytes > MAX_PENDING_BYTES', 'false', 'what comes faster than it can be kept is read'],
    [
      'this.#pending = pending\n      this.#isBehind = true',
      'this.#pending = pending',
      'news that are too much end no reading',
    ],
    ['&& !this.#isPartial', '', 'a page may have another one behind it'],
    ["this.#hasEnded = 'end' in entry\n", '', 'nothing is delivered behind the end', ['sse-redis/test/retention.test']],
  ]),
  ...mutantsOf(
    'sse-core/src/clock.ts',
    ['sse-core/test/(history|idle|memory-backplane|followers).test'],
    [
      ['performance.timeOrigin + performance.now()', 'Date.now()', 'nothing expires because a clock was set'],
      ['Math.max(0, Date.now() - at)', '(Date.now() - at)', 'nothing is younger than new'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/log-item.ts',
    ['sse-core/test/history.test'],
    [['= momentOf(entry.at)', '= now()', 'what a broker has kept is as old as it is']],
  ),
  ...mutantsOf('sse-core/src/followers.ts', FOLLOWERS, [
    ['if (isBehind) this.#log.listen(channel).catch(() => {})', '', 'a bell that has stopped is asked for again'],
    [
      'this.#channels.delete(channel)\n    this.#log.unlisten(channel)',
      'this.#channels.delete(channel)',
      'the bell stops with the last follower',
    ],
    ['if (isQuiet) quiet.push(channel)', '', 'quiet channels are compared'],
    ['log.isSpread !== true', 'true', 'a server that does not answer holds up no comparison of others'],
    ['sink.entry(this.dated(entry))', 'sink.entry(entry)', 'entries are dated by the clock that tells their age'],
    [
      'if (Math.abs(skewMs - this.#skewMs) >= MIN_SKEW_MS) this',
      'this',
      'entries are left as they are where clocks agree',
    ],
    [' - wallAheadMs()', '', 'entries are dated by the clock as it is set by now'],
    ['if (known !== undefined && known', 'if (known !== undefined || Number(known)', 'a log’s clock may be set'],
    ['known < most + MIN_SKEW_MS', 'known < least + MIN_SKEW_MS', 'a late answer is no other clock'],
    [', loggedAt: entry.at }', ' }', 'an entry is the same one whatever it is dated by'],
    [
      'this.#leave(channel, followed, follower)\n      this.#requireOpen()',
      'this.#leave(channel, followed, follower)',
      'what fails because the backplane is closed says so',
      ['sse-core/test/followers.test', 'sse-redis/test/contract.test'],
    ],
    [
      'await follower.start(last, maxBytes)\n      // If the backplane was closed in the meantime, the requests failed, or nothing will ever be delivered.\n      this.#requireOpen()',
      'await follower.start(last, maxBytes)',
      'nobody is told to be subscribed to what is closed',
    ],
  ]),
  ...mutantsOf('sse-core/src/comparison.ts', FOLLOWERS, [
    ['!this.#isRunning && !this.#isUnanswered', '!this.#isRunning', 'what is not answered is not asked again'],
    ['this.#isAskedAgain && !this.#isUnanswered', 'false', 'a comparison that is asked for during another one is made'],
    ['if (this.#isAskedAgain) this.run()\n', '', 'a comparison that was asked for too early is made once it can be'],
  ]),
  ...mutantsOf(
    'sse-testkit/src/backplane-contract/index.ts',
    ['sse-testkit/test/backplane-flaws.test'],
    [
      ['await closeAll().catch(() => {})', 'await closeAll()', 'what a scenario finds is told though closing fails'],
      ['      await closeAll()\n    },', '    },', 'what cannot be closed does not pass'],
    ],
  ),
  ...mutantsOf(
    'sse-testkit/src/backplane-contract/hearing.ts',
    ['sse-testkit/test/backplane-hearing.test'],
    [
      [
        'for (const check of this.#checks) check()',
        '[...this.#checks].at(-1)?.()',
        'several may wait at the same time',
      ],
    ],
  ),
  ...mutantsOf('sse-redis/src/append-script.ts', REDIS, [
    ["if last == number then return { 'ok', nowText, ids } end", '', 'a batch that is sent twice is stored once'],
    [
      "if deadline == '' or now > tonumber(deadline) then return { 'late', nowText } end",
      '',
      'what was refused for time is not stored later',
    ],
    ["if string.find(flags, 'e') then", 'if false then', 'nothing is stored behind the end'],
    [
      "for _, streamId in ipairs(streamIds) do redis.pcall('XDEL', KEYS[1], streamId) end",
      '',
      'what was refused is not stored',
      ['sse-redis/test/refused.test'],
    ],
  ]),
  ...mutantsOf(
    'sse-redis/src/transient-errors.ts',
    ['sse-redis/test/transient-errors.test', 'sse-redis/test/refused.test'],
    [
      ['|NOREPLICAS', '', 'a master without its replicas is waited for', ['sse-redis/test/refused.test']],
      ['+-?/', '+/', 'what Redis 6.2 says of itself within a script is understood'],
      ["undefined : 'ERR'", 'undefined : undefined', 'who lacks a right is told so at once by Redis 6.2'],
    ],
  ),
  ...mutantsOf('sse-redis/src/read-scripts.ts', REDIS, [
    [
      'if known and placeOf(known) == place then',
      'if known then',
      'a place of another log is unknown',
      ['sse-redis/test/data-lost.test'],
    ],
    ["if known and field(known, 'm') == mark then", 'if known then', 'an id of another log is unknown'],
  ]),
  ...mutantsOf(
    'sse-redis/src/bell.ts',
    ['sse-redis/test/(connections|odd-clients).test'],
    [
      [
        'for (const name of names) this.#maybeSubscribed.add(name)',
        '',
        'no subscription is left behind that was asked for twice at once',
      ],
      ['else if (!this.#isClosed) this.#batcherOf(name).unsubscribe(name)', '', 'no subscription is left behind'],
      ['this.#batcherOf(name).subscribe(name) : undefined', 'undefined : undefined', 'subscriptions are made again'],
      [
        'this.#options.sharded ? name',
        "this.#options.sharded ? ''",
        'a shard that does not answer holds up no subscription to others',
        ['sse-redis/test/cluster-sick.test'],
      ],
      [
        'names.length > 1 && !isTransient(error)',
        'false',
        'a channel that a user may not hear is refused alone',
        ['sse-redis/test/channel-rights.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/ioredis.ts',
    ['sse-redis/test/cluster-key-prefix.test'],
    [
      ["          keyPrefix: '',\n", '', 'a keyPrefix is not before names of bells twice'],
      [
        "redisOptions: { ...client.options.redisOptions, keyPrefix: '' }",
        'redisOptions: { ...client.options.redisOptions }',
        'nor is one that the options of nodes have',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/backoff-throttle.ts',
    ['sse-redis/test/backoff-throttle.test'],
    [
      [
        '    if (this.#pause !== undefined) {\n      this.#isTriggered = true\n      return\n    }\n',
        '',
        'while a shard is down the others are not asked again and again',
        ['sse-redis/test/cluster-sick.test'],
      ],
      ['Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs)', 'MIN_PAUSE_MS', 'pauses grow'],
      ['Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs)', '2 * this.#pauseMs', 'no pause is longer than a second'],
      [': MIN_PAUSE_MS', ': this.#pauseMs', 'after a quiet pause the next one is short'],
      ['if (this.#isTriggered) this.trigger()', '', 'what was called for in a pause is done after it'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/node-redis.ts',
    ['sse-redis/test/cluster-sick.test'],
    [
      [
        'client.duplicate({ minimizeConnections: true })',
        'client.duplicate()',
        'a shard that is down when the first channel is subscribed to holds up no others',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/detect-client.ts',
    ['sse-redis/test/unfit-clients.test'],
    [
      ["if (has(client, 'acquire'))", 'if (false)', 'a Sentinel client is refused'],
      ["if (!has(client, 'duplicate'))", 'if (false)', 'a pool is refused'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/log.ts',
    ['sse-redis/test/retention.test'],
    [
      [', now: Number(now)', '', 'a node with another clock than the server keeps what is young'],
      [
        'this.isSpread = options.connection.isCluster',
        'this.isSpread = false',
        'in a cluster each channel is compared alone',
        ['sse-redis/test/cluster-sick.test', 'sse-redis/test/cluster.stress.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/followers.ts',
    ['sse-core/test/followers.test'],
    [
      [
        "this.#inTime(log.read(channel, afterId, count), 'entries', channel)",
        'log.read(channel, afterId, count)',
        'a question that hangs keeps nobody from asking again',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/coalescer.ts',
    ['sse-core/test/followers.test'],
    [
      [
        'asked.next ??= asked.running.then(start, start)\n    return asked.next',
        'return asked.running',
        'an answer is not older than its question',
      ],
      ['asked.next ??= ', 'asked.next = ', 'those who ask the same meanwhile share an answer'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/entries.ts',
    ['sse-redis/test/data-lost.test'],
    [
      [
        'if (one.publisher === other.publisher && one.batch !== other.batch) return one.batch > other.batch\n',
        '',
        'what a server stores whose clock is behind is delivered',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/lua.ts',
    ['sse-redis/test/retention.test'],
    [
      [
        "if tail and string.find(tail, 'e$') and redis.call('XLEN', KEYS[1]) == 0 then return nil end\n",
        '',
        'a channel that has ended is forgotten with its log',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/retention.ts',
    ['sse-redis/test/retention.test'],
    [['Math.max(1, maxEvents)', 'maxEvents', 'the end stays where no history is kept']],
  ),
  ...mutantsOf('sse-redis/src/keys.ts', REDIS, [
    [
      '[%{}]|',
      '',
      'no brace in a name is of its hash tag',
      ['sse-redis/test/cluster.stress.test', 'sse-redis/test/contract.test'],
    ],
  ]),
  ...mutantsOf(
    'sse-nats/src/bells.ts',
    ['sse-nats/test/unheard.test', 'sse-nats/test/contract.test'],
    [
      ['superseded?.subscription.unsubscribe()', '', 'a bell that is asked for again leaves no second subscription'],
      [
        "headers?.get('Nats-Stream') !== name",
        'false',
        'another stream’s bell is not ours',
        ['sse-nats/test/domains.test'],
      ],
      [
        'const isOurs = contested === undefined',
        'const isOurs = true',
        'nor is one of another domain, once that is known',
        ['sse-nats/test/domains.test'],
      ],
      [
        'if (tail.isAttached) this',
        'this',
        'what another domain’s stream says does not make ours look shorter',
        ['sse-nats/test/domains.test'],
      ],
      [
        'for (const bell of this.#unconfirmed) bell.error ??= error',
        '',
        'a bell for which there is no room is refused',
        ['sse-nats/test/subscriptions.test'],
      ],
      [
        'if (isFormerKept) this.#bells.set(channel, former)\n      // Not earlier: the channel must always have a subscription.\n      const superseded = isFormerKept ? bell : former',
        'const superseded = former',
        'a bell that is asked for again where there is no room rings on',
        ['sse-nats/test/subscriptions.test'],
      ],
      [
        'former?.tail ?? new ChannelTail()',
        'new ChannelTail()',
        'a bell that is asked for again is not missed for that',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/messages.ts',
    ['sse-nats/test/managers.test'],
    [
      [
        'isDated ? (message.at ?? said) : (said ?? message.at)',
        'message.at ?? said',
        'all who read an event say the same time',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/pending-publishes.ts',
    ['sse-nats/test/security.test'],
    [["if (error instanceof Refusal) answer({ kind: 'refused', error })", '', 'what the server refuses is refused']],
  ),
  ...mutantsOf(
    'sse-nats/src/consumer.ts',
    ['sse-nats/test/forgotten.test'],
    [
      ["silence = setTimeout(settle, silenceMs, 'lost')", '', 'a pull that the server forgets is made again'],
      ['delivery !== this.#delivered + 1', 'false', 'a hole in what a consumer sends is read again'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/read-range.ts',
    ['sse-nats/test/forgotten.test'],
    [
      ["if (end === 'lost') return progress.next <= newest", '', 'what a forgotten pull has sent is read again'],
      ['progress.next = last.sequence + 1', '', 'a visit goes on behind what it has'],
      ['sequence >= progress.next', 'true', 'a replica that is behind brings nothing twice'],
      [
        "if (end === 'lost') progress.silenceMs *= 2\n",
        "if (end === 'lost') return true\n",
        'a server that takes its time is given more of it',
      ],
      ['amount = single', 'amount = many', 'a message may be more than is asked for at once'],
      [
        'else if (!(await isThereAny(stream, subject, progress.next, newest))) return false',
        '',
        'a visit ends where the rest is gone',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/inbox.ts',
    ['sse-nats/test/inbox.test'],
    [
      [
        'this.#connection.publish(subject, question.payload, { reply: this.#addressOf(number) })',
        '',
        'a question that nobody has answered is asked again',
      ],
      [
        '        this.#waiting.delete(number)\n        onLost(error as Error)\n',
        '        throw error\n',
        'a connection that its owner drains throws nowhere',
      ],
      [
        'if (this.#isClosed) throw closedError()',
        '',
        'a closed backplane subscribes to nothing',
        ['sse-nats/test/closing.test'],
      ],
      [
        'this.#waiting.delete(number)\n    if (waiting === undefined)',
        'if (waiting === undefined)',
        'what is answered is not asked again',
      ],
      [
        'if (waiting.subject !== subject) continue',
        'if (waiting.subject === subject) continue',
        'who may not publish is told so at once',
        ['sse-nats/test/security.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream-creation.ts',
    ['sse-nats/test/first-contact.stress.test'],
    [
      ["info.created.startsWith('0001-')", 'false', 'a stream that is being made has not begun'],
      [
        'const MADE_BY_OTHERS = [10_058, 10_065]',
        'const MADE_BY_OTHERS = [10_058]',
        'others may have taken the subjects first',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream.ts',
    ['sse-nats/test/limits.test'],
    [
      [
        'onStray: (reply) => reply.headers === undefined && this.answerOf(reply)',
        'onStray: () => {}',
        'a second stream that stores an event is noticed',
        ['sse-nats/test/domains.test'],
      ],
      [
        "['INFO', 'CREATE']",
        "['INFO']",
        'who may not make the stream is told so at once',
        ['sse-nats/test/security.test'],
      ],
      ['this.#onUnfit()\n', '', 'a stream that is of no use any more takes nothing'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream-recovery.ts',
    ['sse-nats/test/stream-recovery.test'],
    [
      [' || !this.#options.isNeeded()', '', 'nobody is asked for a stream that nobody needs'],
      [
        'if (isWithoutJetStream(error))',
        'if (false)',
        'where an account has no JetStream that is told at once',
        ['sse-nats/test/security.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/backplane.ts',
    ['sse-nats/test/limits.test'],
    [['stream.refreshIfStale(compareMs)', '{}', 'who only publishes sees that a stream is of no use any more']],
  ),
  ...mutantsOf(
    'sse-nats/src/epoch-tracker.ts',
    ['sse-nats/test/shorter.test'],
    [
      ['state.lastSequence < newest', 'false', 'a stream that has lost its newest events is another one'],
      ['Math.min(this.#maxEvents, state.maxEvents)', 'state.maxEvents', 'a limit that is raised again leaves a gap'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/channel-tail.ts',
    ['sse-nats/test/shorter.test'],
    [
      ["'same' : 'different'", "'same' : 'same'", 'a stream that has another event where one was is another one'],
      ['oldest.sequence <= this.#sequence', 'false', 'and so is one that has an event where there was none'],
      ["found !== 'absent' || this.#isFresh", 'true', 'what somebody removed while a node was away is a gap'],
      ["found !== 'absent' || this.#isFresh", "found !== 'absent'", 'for who was not away it is none'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/log.ts',
    ['sse-nats/test/shorter.test'],
    [
      [
        'if (event !== undefined && isSure && !isSame(event, tail)) return undefined',
        '',
        'a newest event before the place is of another stream',
      ],
      [
        'tail.noteQuiet(snapshot, generation, isSure)',
        'tail.noteQuiet(snapshot, generation, true)',
        'a replica that is behind settles nothing',
        ['sse-nats/test/cluster.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/id-reader.ts',
    ['sse-nats/test/shorter.test'],
    [
      ['(message?.at ?? 0) <= time', 'true', 'ids of the beginning are unknown to another stream'],
      ['if (sequence > lastSequence) return false', '', 'and to one that is shorter'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/answer.ts',
    ['sse-nats/test/in-flight.test'],
    [
      [' || domain !== stream.domain', '', 'another domain’s stream is not ours', ['sse-nats/test/domains.test']],
      [
        " || seq === 0 ? { kind: 'in-progress' } : ",
        " ? { kind: 'in-progress' } : ",
        'what is being stored is not stored yet',
      ],
      [' || code === DUPLICATE_IN_PROCESS', '', 'nor is it refused'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/options.ts',
    ['sse-nats/test/limits.test'],
    [['(?!_live(\\.|$))', '', 'no stream has the subjects of bells']],
  ),
  ...mutantsOf(
    'sse-nats/src/liveness-probe.ts',
    ['sse-nats/test/stalled.test'],
    [
      ['await connection.reconnect().catch(() => {})', '', 'a connection that is half open is made anew'],
      ['if (isAlive || ', 'if (', 'a connection over which pings are answered is left alone'],
    ],
  ),
]
