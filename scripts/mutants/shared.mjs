import { mutantsOf, TESTS } from './mutant.mjs'

/** What many streams share, and what must still keep them apart. */
export const shared = [
  ...mutantsOf('sse-core/src/stream-config-of.ts', TESTS.contract, [
    ['known.manager === manager && ', '', 'a channel without a manager is counted where each of its streams is served'],
    [
      ' && known.onFailure === onFailure',
      '',
      'errors of a stream go to its own adapter',
      ['sse-core/test/on-error.test'],
    ],
    ['(heartbeatMs ?? retryMs', '(retryMs', 'heartbeatMs of a response holds for it alone'],
    ['?? retryMs ?? maxConnectionAgeMs', '?? maxConnectionAgeMs', 'retryMs of a response holds for it alone'],
    ['retryMs ?? maxConnectionAgeMs ?? eol', 'retryMs ?? eol', 'maxConnectionAgeMs of a response holds for it alone'],
    [' ?? eol) ===', ') ===', 'eol of a response holds for it alone'],
    ['if (isUsual) holder.config', 'holder.config', 'what one response sets is not passed on'],
    ['options.heartbeatMs ?? listened', 'options.heartbeatMs', 'heartbeatMs of listen() holds for its response'],
    ['channel ?? manager ?? alone', 'manager ?? channel ?? alone', 'what a channel sets holds for its streams alone'],
  ]),
  ...mutantsOf(
    'sse-core/src/stream-config-of.ts',
    ['sse-core/test/shared-config.test', ...TESTS.contract],
    [
      ['config.settings.heartbeatMs === settings.heartbeatMs &&\n', '', 'a heartbeat of its own is another one'],
      ['config.settings.retryMs === settings.retryMs &&\n', '', 'a time of its own is another one'],
      [
        'config.settings.maxConnectionAgeMs === settings.maxConnectionAgeMs &&\n',
        '',
        'an age of its own is another one',
      ],
      ['config.encoder.eol === eol &&\n', '', 'a line ending of its own is another one'],
      ['if (same !== undefined) return same\n', '', 'streams that ask for the same share what they keep of it'],
      ['> MAX_OTHER_CONFIGS) holder', '> Infinity) holder', 'what is asked for is forgotten again'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/options.ts',
    [...TESTS.contract, ...TESTS.connection],
    [
      ['(key ?? ', '(', 'a stream has its key to the end', [...TESTS.connection, ...TESTS.contract]],
      ['context !== undefined || ', '', 'a stream has its context to the end'],
      ['?? heartbeat ??', '??', 'a stream has its heartbeat to the end'],
      ['?? filter ??', '??', 'a stream has its filter to the end'],
      ['?? rewind ??', '??', 'a stream has its rewind for every subscription'],
      ['?? checkpoints ??', '??', 'a stream without checkpoints has none to the end'],
      [' ?? onClose) ', ') ', 'a stream has its onClose at the end'],
    ],
  ),
  ...mutantsOf('sse-core/src/log.ts', TESTS.contract, [
    ['made.start === start && ', '', 'readers at different places get different events'],
    ['made.eol === eol', 'true', 'readers of one log may have different line endings'],
  ]),
  ...mutantsOf('sse-core/src/encoder.ts', TESTS.contract, [
    [
      'if (this.#checkpoint?.id !== id)',
      'if (this.#checkpoint === undefined)',
      'a checkpoint is the place of now, not that of an earlier client',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/heartbeat.ts',
    ['sse-core/test/heartbeat.test', ...TESTS.contract],
    [
      ['if (!slot.delete(member)) continue\n', '', 'who has moved on is in no other slot of its wheel'],
      ['if (member.dueTick === undefined) continue\n', '', 'who ends its stream by its beat is on no wheel any more'],
      ['if (member.dueTick === undefined) return\n', '', 'who is on no wheel leaves none'],
      [
        'const isIdle = member.activeTick + this.#interval <= this.tick',
        'const isIdle = true',
        'who writes has no beat',
      ],
      [
        '(isIdle ? this.tick : member.activeTick) + this.#interval',
        'this.tick + this.#interval',
        'a beat is due one interval after the last write',
      ],
      ['this.#size -= 1\n', '', 'a wheel stops when the last has left'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/(resume|history|broadcast|end|idle|idle-identity|idle-place|cursor-model).test'],
    [
      ['this.#sequence + 1}', 'this.#sequence}', 'the first id is not that of the start'],
      ['this.#sequence += 1\n    // Before', '// Before', 'every event has an id of its own'],
      ['if (isEvent) this.lastEventId = id\n', '', 'a channel knows its last event'],
      ['if (isEvent) this.lastEventId = id\n', 'this.lastEventId = id\n', 'the end of a channel is no event of it'],
      ['(this.#log ?? this.#resting)?.', 'this.#log?.', 'a channel that goes idle does not forget that it has ended'],
      ['this.#resting ?? new Log', 'new Log', 'a channel that was idle goes on where it was'],
      [
        'this.#options.backplane === undefined ? (this.#log ?? this.#resting) : undefined',
        'this.#log ?? this.#resting',
        'a channel that was idle asks the backplane where it is',
      ],
      ['only?.shrink()\n', '', 'an idle channel gives back its room'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/observed.ts',
    ['sse-core/test/broadcast.test'],
    [
      ['this.#settle(Promise.reject(error))', 'this.#settle(error as never)', 'an error rejects'],
      ['this.#isObserved = true\n', '', 'who awaits observes'],
      ['return Promise\n', 'return ObservedPromise as never\n', 'what is chained to it is a plain promise'],
    ],
  ),
  ...mutantsOf(
    'express-sse/src/index.ts',
    ['express-sse/test/contract.test'],
    [
      [
        '{ ...options, manager: owner, onFailure }',
        '{ manager: owner, ...options, onFailure }',
        "no option names another manager than that of Express's sse()",
      ],
    ],
  ),
  ...mutantsOf(
    'koa-sse/src/index.ts',
    ['koa-sse/test/contract.test'],
    [
      [
        'manager: manager ?? managerOf(source) ?? sseManager,\n',
        'manager: manager ?? managerOf(source) ?? sseManager,\n...options,\n',
        "no option names another manager than that of Koa's sse()",
      ],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/contract.test'],
    [
      [
        'manager: owner,\n',
        'manager: owner,\n...options,\n',
        "no option names another manager than that of Fastify's plugin",
      ],
    ],
  ),
]
