import { mutantsOf } from './mutant.mjs'

const FOLLOWERS = ['sse-core/test/followers.test', 'sse-testkit/test/backplane-bell.test']
const REDIS = [
  'sse-redis/test/contract.test',
  'sse-redis/test/(server-killed|server-silent|bell-lost|data-lost|server-errors).test',
]

/** What must hold if several processes share a channel. */
export const processes = [
  ...mutantsOf('sse-core/src/follower.ts', FOLLOWERS, [
    [
      'this.#deliver(entries.slice(index + 1))',
      'this.#deliver(entries)',
      'entries that were read from the log are not delivered again by a notification',
    ],
    [
      'else if (news === undefined) this.#isBehind = true',
      'else if (news === undefined) return',
      'a notification without news that arrives during a read causes another read',
    ],
    [
      'this.#deliver(first === -1 ? [] : entries.slice(first))',
      'this.#deliver(entries)',
      'entries that were delivered before a gap are not delivered again after it',
    ],
    [
      'this.#sink.gap(before?.entry.id ?? originId)',
      '',
      'a follower whose place is no longer in the log reports a gap',
    ],
    [
      'pending.bytes + bytes > MAX_PENDING_BYTES',
      'false',
      'news that exceeds the 4 MiB kept during a read is read from the log instead',
    ],
    [
      'this.#pending = pending\n      this.#isBehind = true',
      'this.#pending = pending',
      'a read does not end while news that was too large to keep is unread',
    ],
    ['&& !this.#isPartial', '', 'a follower that has read a page reads on, since another page may follow'],
    ["this.#hasEnded = 'end' in entry\n", '', 'nothing is delivered after the end', ['sse-redis/test/retention.test']],
  ]),
  ...mutantsOf(
    'sse-core/src/clock.ts',
    ['sse-core/test/(history|idle|memory-backplane|followers).test'],
    [
      [
        'performance.timeOrigin + performance.now()',
        'Date.now()',
        'setting the system clock does not make events expire',
      ],
      ['Math.max(0, Date.now() - at)', '(Date.now() - at)', 'an entry dated in the future counts as new'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/log-item.ts',
    ['sse-core/test/history.test'],
    [['= momentOf(entry.at)', '= now()', 'an entry from a broker has the age that its own time gives it']],
  ),
  ...mutantsOf('sse-core/src/followers.ts', FOLLOWERS, [
    [
      'if (isBehind) this.#log.listen(channel).catch(() => {})',
      '',
      'a follower that missed a notification subscribes to the bell again',
    ],
    [
      'this.#channels.delete(channel)\n    this.#log.unlisten(channel)',
      'this.#channels.delete(channel)',
      'the bell is unsubscribed when the last follower of a channel leaves',
    ],
    ['if (isQuiet) quiet.push(channel)', '', 'quiet channels are compared with the log'],
    [
      'log.isSpread !== true',
      'true',
      'with channels at several servers, one that does not answer does not block comparisons at the others',
    ],
    [
      'sink.entry(this.dated(entry))',
      'sink.entry(entry)',
      "entries get times of this process's clock, by which ages are measured",
    ],
    [
      'if (Math.abs(skewMs - this.#skewMs) >= MIN_SKEW_MS) this',
      'this',
      "entries keep their times if the log's clock and this process's clock agree",
    ],
    [' - wallAheadMs()', '', "entries are dated by this process's clock as it is set now"],
    [
      'if (known !== undefined && known',
      'if (known !== undefined || Number(known)',
      "a change of the log's clock is noticed",
    ],
    [
      'known < most + MIN_SKEW_MS',
      'known < least + MIN_SKEW_MS',
      "a late answer does not count as a change of the log's clock",
    ],
    [
      ', loggedAt: entry.at }',
      ' }',
      'an entry is recognized as the same one even if its time was converted differently',
    ],
    [
      'this.#leave(channel, followed, follower)\n      this.#requireOpen()',
      'this.#leave(channel, followed, follower)',
      'a subscribe() that fails because the backplane was closed rejects with ERR_SSE_CLOSED',
      ['sse-core/test/followers.test', 'sse-redis/test/contract.test'],
    ],
    [
      'await follower.start(last, maxBytes)\n      // If the backplane was closed in the meantime, the requests failed, or nothing will ever be delivered.\n      this.#requireOpen()',
      'await follower.start(last, maxBytes)',
      'subscribe() rejects if the backplane is closed while it is under way',
    ],
  ]),
  ...mutantsOf('sse-core/src/comparison.ts', FOLLOWERS, [
    [
      '!this.#isRunning && !this.#isUnanswered',
      '!this.#isRunning',
      'no comparison is requested while an earlier one has no answer',
    ],
    ['this.#isAskedAgain && !this.#isUnanswered', 'false', 'a comparison requested during another one follows it'],
    [
      'if (this.#isAskedAgain) this.run()\n',
      '',
      'a comparison requested while an earlier one has no answer runs once the answer comes',
    ],
  ]),
  ...mutantsOf(
    'sse-testkit/src/backplane-contract/index.ts',
    ['sse-testkit/test/backplane-flaws.test'],
    [
      [
        'await closeAll().catch(() => {})',
        'await closeAll()',
        "the contract reports a scenario's failure even if closing the backplanes fails too",
      ],
      ['      await closeAll()\n    },', '    },', 'a backplane that cannot be closed fails the contract'],
    ],
  ),
  ...mutantsOf(
    'sse-testkit/src/backplane-contract/recorder.ts',
    ['sse-testkit/test/backplane-recorder.test'],
    [
      [
        'for (const check of this.#checks) check()',
        '[...this.#checks].at(-1)?.()',
        'several waits may be pending at the same time',
      ],
    ],
  ),
  ...mutantsOf('sse-redis/src/append-script.ts', REDIS, [
    ["if last == number then return { 'ok', nowText, ids } end", '', 'a batch that is sent twice is stored once'],
    [
      "if deadline == '' or now > tonumber(deadline) then return { 'late', nowText } end",
      '',
      'a batch that was rejected for lateness is not stored later',
    ],
    ["if string.find(flags, 'e') then", 'if false then', 'nothing is stored after the end'],
    [
      "for _, streamId in ipairs(streamIds) do redis.pcall('XDEL', KEYS[1], streamId) end",
      '',
      'entries that Redis refuses half-way are removed again',
      ['sse-redis/test/server-errors.test'],
    ],
    [
      "redis.call('PERSIST', KEYS[1])",
      '',
      'a log does not expire once maxAgeMs has become infinite',
      ['sse-redis/test/retention.test'],
    ],
  ]),
  ...mutantsOf(
    'sse-redis/src/publisher.ts',
    ['sse-redis/test/buffer-limit.test'],
    [['outgoing.bytes + EVENT_BYTES', 'outgoing.bytes', 'maxBufferedBytes limits tiny events too']],
  ),
  ...mutantsOf(
    'sse-redis/src/transient-errors.ts',
    ['sse-redis/test/transient-errors.test', 'sse-redis/test/server-errors.test'],
    [
      ['|NOREPLICAS', '', 'NOREPLICAS counts as a transient error', ['sse-redis/test/server-errors.test']],
      ['+-?/', '+/', 'the dash that Redis 6.2 puts before some error codes is skipped'],
      ["undefined : 'ERR'", 'undefined : undefined', "Redis 6.2's error for a missing right is not transient"],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/read-scripts.ts',
    ['sse-redis/test/own-ids.test'],
    [
      ['and size < bytes do', 'do', 'a search never blocks Redis for long'],
      ["'(' .. known[1] or '-'", "'-'", 'a search reads each entry once'],
      ["local isLast = not string.find(flags, 'o')", 'local isLast = false', 'generated ids are not searched for'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/own-ids.ts',
    ['sse-redis/test/own-ids.test'],
    [
      ['this.#drop(this.#trimmed(page.first))', 'this.#drop(0)', 'trimmed ids take no memory'],
      ['|| !isLater(place, this.end)', '', 'a search ends while others publish'],
      ['if (this.#page?.before.id === id)', 'if (false)', 'the id before the first entry is known'],
      ['if (this.#page?.tail.id === id)', 'if (false)', 'the newest id is known after the log has expired'],
      ['else places.push(place)', '', 'the newer of two equal ids counts once the older is trimmed'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/own-id-search.ts',
    ['sse-redis/test/own-ids.test'],
    [
      [
        '? { last: Promise.resolve() } : this.#turns',
        '? { last: Promise.resolve() } : { last: Promise.resolve() }',
        'searches wait for each other',
      ],
      ['this.#remembered.set(channel, { ids, count })', '', 'a search is remembered'],
      ['this.#count <= MAX_REMEMBERED || ', '', 'the ids of several channels are remembered'],
      ['if (this.#count <= MAX_REMEMBERED || other === channel) break', 'break', 'remembered ids are limited'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/bell.ts',
    ['sse-redis/test/(connections|client-options).test'],
    [
      [
        'for (const name of names) this.#maybeSubscribed.add(name)',
        '',
        'a channel that was requested twice at once leaves no subscription behind',
      ],
      [
        'else if (!this.#isClosed) this.#batcherOf(name).unsubscribe(name)',
        '',
        'a message on an unneeded subscription makes the bell unsubscribe',
      ],
      [
        'commandsOf(names).map((some) => this.#subscriber',
        'names.map((name) => [name]).map((some) => this.#subscriber',
        'ten thousand channels are unsubscribed by a few commands',
        ['sse-redis/test/many-channels.stress.test'],
      ],
      [
        'this.#batcherOf(name).subscribe(name) : undefined',
        'undefined : undefined',
        'after a reconnect the bell subscribes again if the client does not',
      ],
      [
        'this.#options.sharded ? name',
        "this.#options.sharded ? ''",
        'a shard that does not answer does not block subscriptions at other shards',
        ['sse-redis/test/cluster-unresponsive.test'],
      ],
      [
        'names.length > 1 && !isTransient(error)',
        'false',
        'a channel that the user may not subscribe to is refused without failing the others',
        ['sse-redis/test/channel-rights.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/ioredis.ts',
    ['sse-redis/test/cluster-key-prefix.test'],
    [
      ["          keyPrefix: '',\n", '', 'ioredis does not add the keyPrefix to the names of bells a second time'],
      [
        "redisOptions: { ...client.options.redisOptions, keyPrefix: '' }",
        'redisOptions: { ...client.options.redisOptions }',
        'ioredis does not add a keyPrefix of redisOptions to the names of bells',
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
        'while one shard is down, the others do not get requests again and again',
        ['sse-redis/test/cluster-unresponsive.test'],
      ],
      [
        'Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs)',
        'MIN_PAUSE_MS',
        'the pauses of a throttle that is triggered again grow',
      ],
      [
        'Math.min(MAX_PAUSE_MS, 2 * this.#pauseMs)',
        '2 * this.#pauseMs',
        'the pauses of a throttle are at most one second',
      ],
      [': MIN_PAUSE_MS', ': this.#pauseMs', 'after a pause without a trigger, the next pause is short'],
      ['if (this.#isTriggered) this.trigger()', '', 'a trigger during a pause runs after the pause'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/node-redis.ts',
    ['sse-redis/test/cluster-unresponsive.test'],
    [
      [
        'client.duplicate({ minimizeConnections: true })',
        'client.duplicate()',
        'a shard that is down when the first channel is subscribed to does not block the others',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/detect-client.ts',
    ['sse-redis/test/invalid-clients.test'],
    [
      ["if (has(client, 'acquire'))", 'if (false)', 'a Sentinel client is refused'],
      ["if (!has(client, 'duplicate'))", 'if (false)', 'a pool is refused'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/log.ts',
    ['sse-redis/test/retention.test'],
    [
      [', now: Number(now)', '', "a node whose clock differs from the server's keeps young entries"],
      [
        'this.#ownIds.forget(channel)',
        '',
        'a channel without a follower takes no memory',
        ['sse-redis/test/own-ids.test'],
      ],
      ['if (!isId(afterId)) return undefined', '', 'an impossible id costs nothing', ['sse-redis/test/own-ids.test']],
      [
        'page?.beforeId === id',
        'page !== undefined',
        'the place of an entry is not its id if it has one of its own',
        ['sse-redis/test/own-ids.test'],
      ],
      [
        'this.isSpread = options.connection.isCluster',
        'this.isSpread = false',
        'in a cluster, each channel is compared alone',
        ['sse-redis/test/cluster-unresponsive.test', 'sse-redis/test/cluster.stress.test'],
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
        'a read that hangs does not block later reads after the same id',
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
        'an answer is never older than the request for it',
      ],
      [
        'asked.next ??= ',
        'asked.next = ',
        'callers that ask the same while a request is under way share the next answer',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/entries.ts',
    ['sse-redis/test/data-lost.test'],
    [
      [
        'if (one.publisher === other.publisher && one.batch !== other.batch) return one.batch > other.batch\n',
        '',
        'entries are delivered in order even if a server whose clock is behind stores them',
      ],
      [
        " || typeof fields.id !== 'string'",
        '',
        'an id of another program that is not a string does not stop a channel',
        ['sse-redis/test/foreign-entries.test'],
      ],
      [
        'isEnd: json === END_JSON',
        "isEnd: json.includes('end')",
        'an entry of another program with a field "end" does not end a channel',
        ['sse-redis/test/foreign-entries.test'],
      ],
      [
        ' && JSON.stringify(value) === END_JSON',
        '',
        'an event with a field "end" does not end a channel',
        ['sse-redis/test/foreign-entries.test'],
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
        'a channel that has ended is forgotten together with its log',
      ],
      [
        'if known and placeOf(known) == place then return known end',
        'if known then return known end',
        'a place of another log is unknown',
        ['sse-redis/test/data-lost.test'],
      ],
      [
        'if tail and not splitTail(tail) then tail = false end\n',
        '',
        'an overwritten tail is repaired',
        ['sse-redis/test/unparsable-tail.test'],
      ],
      [
        'if found == 0 then return 1 end',
        'if found >= 0 then return 50 end',
        'large entries are read in small numbers',
        ['sse-redis/test/own-ids.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/retention.ts',
    ['sse-redis/test/retention.test'],
    [['Math.max(1, maxEvents)', 'maxEvents', 'the end is kept even if no history is kept']],
  ),
  ...mutantsOf('sse-redis/src/keys.ts', REDIS, [
    [
      '[%{}]|',
      '',
      'a brace in a channel name does not end its hash tag',
      ['sse-redis/test/cluster.stress.test', 'sse-redis/test/contract.test'],
    ],
    [
      "if (channel === '') return '%'",
      '',
      'in a cluster, a channel may have an empty name',
      ['sse-redis/test/cluster-key-prefix.test'],
    ],
  ]),
  ...mutantsOf(
    'sse-nats/src/bells.ts',
    ['sse-nats/test/missed-messages.test', 'sse-nats/test/contract.test'],
    [
      ['superseded?.subscription.unsubscribe()', '', 'listening to a bell again leaves no second subscription'],
      [
        "serverHeader(headers, 'Nats-Stream') !== name",
        'false',
        'a notification of another stream is ignored',
        ['sse-nats/test/domains.test'],
      ],
      [
        'const isOurs = contested === undefined',
        'const isOurs = true',
        'a notification is not trusted once another domain is known to have a stream of the same name',
        ['sse-nats/test/domains.test'],
      ],
      [
        'if (tail.isAttached) this',
        'this',
        "a notification of another domain's stream does not make ours look as if it lost messages",
        ['sse-nats/test/domains.test'],
      ],
      [
        'for (const bell of this.#unconfirmed) bell.error ??= error',
        '',
        "listening to a bell beyond the server's limit of subscriptions rejects",
        ['sse-nats/test/subscription-limit.test'],
      ],
      [
        'if (isFormerKept) this.#bells.set(channel, former)\n      // Not earlier: the channel must always have a subscription.\n      const superseded = isFormerKept ? bell : former',
        'const superseded = former',
        'if listening to a bell again is refused, the former subscription stays',
        ['sse-nats/test/subscription-limit.test'],
      ],
      [
        'former?.tail ?? new ChannelTail()',
        'new ChannelTail()',
        "listening to a bell again keeps what is known of the channel's newest message",
      ],
      [
        'if (isEvent(subject)) tail.noteFirst(generation, stored)',
        '',
        'the first event of a channel takes few requests',
        ['sse-nats/test/first-events.test'],
      ],
      [
        '{ after: NOWHERE, ...news }',
        '{ after: formatPlace(tail.epoch, tail.sequence), ...news }',
        'a first event is not taken from its notification alone',
        ['sse-nats/test/first-events.test'],
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
        'an entry has the same time however it is read',
      ],
      [
        'Number.isSafeInteger(time)',
        'true',
        'an event has a time, whatever another program says',
        ['sse-nats/test/foreign-messages.test'],
      ],
      [
        'bufferedBytes: bytes + ENTRY_BYTES',
        'bufferedBytes: bytes',
        'what a small event takes besides its bytes counts toward maxBufferedBytes',
        ['sse-nats/test/limits.test'],
      ],
      [
        'headers?.last(name)',
        'headers?.get(name)',
        'a message that brings headers of another server is placed by those of its own server',
        ['sse-nats/test/foreign-messages.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/pending-publishes.ts',
    ['sse-nats/test/security.test'],
    [
      [
        "if (error instanceof Refusal) answer({ kind: 'refused', error })",
        '',
        'a publish that the server refuses is reported as refused',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/consumer.ts',
    ['sse-nats/test/lost-pulls.test'],
    [
      ["silence = setTimeout(settle, silenceMs, 'lost')", '', 'a pull that the server forgot counts as lost'],
      ['delivery !== this.#delivered + 1', 'false', 'a hole in what a consumer delivers counts as a loss'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/read-range.ts',
    ['sse-nats/test/lost-pulls.test'],
    [
      [
        "if (end === 'lost') return progress.next <= newest",
        '',
        'after a lost pull, the rest is read by another consumer',
      ],
      ['progress.next = last.sequence + 1', '', 'a read continues after the last message that it received'],
      ['sequence >= progress.next', 'true', 'a replica that is behind delivers no message twice'],
      [
        "if (end === 'lost') progress.silenceMs *= 2\n",
        "if (end === 'lost') return true\n",
        'a slow server gets more time for the next pull',
      ],
      ['amount = single', 'amount = many', 'a message larger than the byte limit of a pull is read alone'],
      [
        'else if (!(await isThereAny(stream, subject, progress.next, newest))) return false',
        '',
        'a read ends if the remaining messages no longer exist',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/backlog.ts',
    ['sse-nats/test/many-channels.test'],
    [
      [
        'const MAX_CONCURRENT_SEARCHES = 128',
        'const MAX_CONCURRENT_SEARCHES = 100_000',
        'the events of very many channels are not read all at once',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/semaphore.ts',
    ['sse-nats/test/semaphore.test'],
    [['performance.now() - calledAt > this.#timeoutMs', 'false', 'a read that nobody waits for any more is not begun']],
  ),
  ...mutantsOf(
    'sse-nats/src/inbox.ts',
    ['sse-nats/test/inbox.test'],
    [
      [
        'this.#connection.publish(subject, question.payload, { reply: this.#addressOf(number) })',
        '',
        'a request without an answer is sent again',
      ],
      [
        '        this.#waiting.delete(number)\n        onLost(error as Error)\n',
        '        throw error\n',
        'resending on a connection that its owner drains does not throw',
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
        'a request that was answered is not sent again',
      ],
      [
        'if (waiting.subject !== subject) continue',
        'if (waiting.subject === subject) continue',
        'a publish without permission rejects at once',
        ['sse-nats/test/security.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream-creation.ts',
    ['sse-nats/test/concurrent-start.stress.test'],
    [
      ["info.created.startsWith('0001-')", 'false', 'a stream that is still being created does not count as existing'],
      [
        'const MADE_BY_OTHERS = [10_058, 10_065]',
        'const MADE_BY_OTHERS = [10_058]',
        'the error that the subjects are taken means that others have created the stream',
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
        'a second stream that stores the same event is noticed',
        ['sse-nats/test/domains.test'],
      ],
      [
        "['INFO', 'CREATE']",
        "['INFO']",
        'a user without permission to create the stream is told at once',
        ['sse-nats/test/security.test'],
      ],
      ['this.#onUnfit()\n', '', 'a stream that no longer fits accepts no events'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream-state.ts',
    ['sse-nats/test/limits.test'],
    [
      ['config.retention !== RetentionPolicy.Limits', 'false', 'a stream that removes events early is refused'],
      ['config.no_ack === true', 'false', 'a stream that acknowledges nothing is refused'],
      ['config.subject_transform !== undefined', 'false', 'a stream that stores other subjects is refused'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/stream-recovery.ts',
    ['sse-nats/test/stream-recovery.test'],
    [
      [' || !this.#options.isNeeded()', '', 'recovery stops once nobody needs the stream'],
      [
        'if (isWithoutJetStream(error))',
        'if (false)',
        'an account without JetStream is reported at once',
        ['sse-nats/test/security.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/backplane.ts',
    ['sse-nats/test/limits.test'],
    [
      [
        'stream.refreshIfStale(compareMs)',
        '{}',
        'a process that only publishes notices that the stream no longer fits',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/epoch-tracker.ts',
    ['sse-nats/test/older-data.test'],
    [
      ['state.lastSequence < newest', 'false', 'a stream that has lost its newest events gets a new epoch'],
      [
        'Math.min(this.#maxEvents, state.maxEvents)',
        'state.maxEvents',
        'a limit that is raised again still leaves a gap',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/channel-tail.ts',
    ['sse-nats/test/older-data.test'],
    [
      [
        "'same' : 'different'",
        "'same' : 'same'",
        'a stream with a different message at a known sequence counts as another one',
      ],
      [
        'oldest.sequence <= this.#sequence',
        'false',
        'a stream with a message where the channel had none counts as another one',
      ],
      [
        "found !== 'absent' || this.#isFresh",
        'true',
        'a message that was removed while the node was disconnected is a gap',
      ],
      [
        "found !== 'absent' || this.#isFresh",
        "found !== 'absent'",
        'a message that was removed while the node was connected is no gap',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/log.ts',
    ['sse-nats/test/older-data.test'],
    [
      [
        'if (event !== undefined && isSure && !isSame(event, tail)) return undefined',
        '',
        'a newest event other than the known one shows that the stream lost that one',
      ],
      [
        'tail.noteQuiet(snapshot, generation, isSure)',
        'tail.noteQuiet(snapshot, generation, true)',
        'an answer of a replica that may be behind does not confirm that a channel is quiet',
        ['sse-nats/test/cluster.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/history.ts',
    ['sse-nats/test/small-history.stress.test'],
    [
      [
        'await this.#stream.last(subject)]\n    const more',
        'undefined as StoredMessage | undefined]\n    const more',
        'an event that was stored while a page was read counts as one that may have evicted others',
      ],
      [
        '!isFirst || end !== undefined || isBehindEviction',
        '!isFirst || end !== undefined',
        'a first event does not hide that events before it were missed and have expired',
        ['sse-nats/test/first-events.test'],
      ],
      [
        '!isFirst || end !== undefined || isBehindEviction',
        '!isFirst || isBehindEviction',
        'a first event after an end that was missed is not delivered',
        ['sse-nats/test/first-events.test'],
      ],
      [
        '!isFirst || end !== undefined || isBehindEviction',
        'first === undefined || end !== undefined || isBehindEviction',
        'a first event is taken only if it is the oldest that the stream has',
        ['sse-nats/test/first-events.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/cursor.ts',
    ['sse-testkit/test/backplane-memory.test'],
    [
      [
        'past.last?.uniqueId ?? this.lastId',
        'this.lastId',
        'a reader whose id occurs again and again gets each event once',
      ],
      [
        'last === undefined ? log.positionAfter(this.lastId) : log.positionAfterItem(last)',
        'log.positionAfter(this.lastId)',
        'a reader that has read everything finds its place in the log by more than an id that occurs again',
        ['sse-core/test/backplane-replay.test'],
      ],
      [
        'this.#leavePast(this.#positionInLog(past))',
        'this.#leavePast(undefined)',
        'a reader gets no gap if its node retains what the backplane has evicted',
        ['sse-core/test/backplane-replay.test'],
      ],
      [
        'log.hasOwnIdBefore(position)',
        'position > log.oldest && log.hasOwnIdBefore(position)',
        'a reader starts after the oldest event with its id, though the log has evicted a newer one last',
        ['sse-core/test/backplane-replay.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/intake.ts',
    ['sse-core/test/backplane-replay.test'],
    [
      [
        'origin: (id, uniqueId) => log.startAfter(id, uniqueId)',
        'origin: (id) => log.startAfter(id)',
        'a reader starts after the oldest event with its id, though a newer one is just before the log of its node',
      ],
      ['Math.min(MAX_PAGE_SIZE, Math.max(1, fitting))', 'MAX_PAGE_SIZE', 'large events are read in pages of few'],
    ],
  ),
  ...mutantsOf(
    'sse-redis/src/log.ts',
    ['sse-redis/test/contract.test'],
    [
      [
        "originPlace === '' || originPlace === originId ? undefined : String(originPlace)",
        'undefined',
        'a process knows whether the id before the entries that it reads was chosen by a publisher',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/id-reader.ts',
    ['sse-nats/test/older-data.test'],
    [
      [
        '(message?.at ?? 0) <= time',
        'true',
        'an id from before the first event is unknown to a stream with newer messages there',
      ],
      [
        'if (sequence > lastSequence) return false',
        '',
        'an id from before the first event is unknown to a stream that is shorter',
      ],
      [
        '(await this.#stream.at(sequence)) === undefined',
        'false',
        'events that are lost while they are read are a gap',
        ['sse-nats/test/purged-while-read.test'],
      ],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/answer.ts',
    ['sse-nats/test/duplicates-in-process.test'],
    [
      [
        ' || domain !== stream.domain',
        '',
        "an answer of another domain's stream does not count as ours",
        ['sse-nats/test/domains.test'],
      ],
      [
        " || seq === 0 ? { kind: 'in-progress' } : ",
        " ? { kind: 'in-progress' } : ",
        'an event that is being stored does not count as stored',
      ],
      [' || code === DUPLICATE_IN_PROCESS', '', 'an event that is being stored does not count as refused'],
    ],
  ),
  ...mutantsOf(
    'sse-nats/src/options.ts',
    ['sse-nats/test/limits.test'],
    [['(?!_live(\\.|$))', '', "a stream's prefix cannot be that of the bells"]],
  ),
  ...mutantsOf(
    'sse-nats/src/liveness-probe.ts',
    ['sse-nats/test/stalled.test'],
    [
      ['await connection.reconnect().catch(() => {})', '', 'a half-open connection is replaced'],
      ['if (isAlive || ', 'if (', 'a connection that answers pings is left alone'],
    ],
  ),
]
