import { mutantsOf, TESTS } from './mutant.mjs'

/** What many streams share, and which of their options must stay separate. */
export const shared = [
  ...mutantsOf('sse-core/src/stream-config-of.ts', TESTS.contract, [
    [
      'known.manager === manager && ',
      '',
      'a stream of a channel without a manager is counted by the manager that serves it',
    ],
    [
      ' && known.onFailure === onFailure',
      '',
      'an error of a stream goes to the adapter of its own request',
      ['sse-core/test/on-error.test'],
    ],
    ['heartbeatMs === undefined && retryMs', 'retryMs', 'heartbeatMs of one response does not change other streams'],
    [
      'retryMs === undefined && maxConnectionAgeMs',
      'maxConnectionAgeMs',
      'retryMs of one response does not change other streams',
    ],
    [
      'maxConnectionAgeMs === undefined && eol',
      'eol',
      'maxConnectionAgeMs of one response does not change other streams',
    ],
    [' && eol === undefined\n', '\n', 'eol of one response does not change other streams'],
    ['if (isUsual) holder.config', 'holder.config', 'the options of one response do not become those of later streams'],
    ['heartbeatMs = listened', 'heartbeatMs', 'heartbeatMs of listen() applies to the response that streams it'],
    [
      'channel ?? manager ?? alone',
      'manager ?? channel ?? alone',
      'the settings of a channel apply only to its own streams',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/stream-config-of.ts',
    ['sse-core/test/shared-config.test', ...TESTS.contract],
    [
      [
        'config.settings.heartbeatMs === settings.heartbeatMs &&\n',
        '',
        'streams with different heartbeatMs have different configs',
      ],
      [
        'config.settings.retryMs === settings.retryMs &&\n',
        '',
        'streams with different retryMs have different configs',
      ],
      [
        'config.settings.maxConnectionAgeMs === settings.maxConnectionAgeMs &&\n',
        '',
        'streams with different maxConnectionAgeMs have different configs',
      ],
      ['config.encoder.eol === eol &&\n', '', 'streams with different line endings have different configs'],
      ['if (same !== undefined) return same\n', '', 'streams with the same options share one config'],
      ['> MAX_OTHER_CONFIGS) holder', '> Infinity) holder', 'the number of configs for other options is bounded'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/options.ts',
    [...TESTS.contract, ...TESTS.connection],
    [
      ['(key ?? ', '(', 'a stream keeps its key until it ends', [...TESTS.connection, ...TESTS.contract]],
      ['context !== undefined || ', '', 'a stream keeps its context until it ends'],
      ['?? heartbeat ??', '??', 'a stream keeps its heartbeat function until it ends'],
      ['?? filter ??', '??', 'a stream keeps its filter until it ends'],
      ['?? rewind ??', '??', 'a stream applies its rewind to every subscription'],
      ['?? checkpoints ??', '??', 'a stream with checkpoints: false never sends one'],
      [' ?? onClose) ', ') ', 'a stream keeps its onClose until it ends'],
    ],
  ),
  ...mutantsOf('sse-core/src/log.ts', TESTS.contract, [
    ['made.start === start && ', '', 'readers at different positions get different batches'],
    ['made.eol === eol', 'true', 'readers of one log may have different line endings'],
  ]),
  ...mutantsOf('sse-core/src/encoder.ts', TESTS.contract, [
    [
      'if (this.#checkpoint?.id !== id)',
      'if (this.#checkpoint === undefined)',
      'a checkpoint has the newest id, not the one that an earlier client got',
    ],
  ]),
  ...mutantsOf(
    'sse-core/src/heartbeat.ts',
    ['sse-core/test/heartbeat.test', ...TESTS.contract],
    [
      [
        'if (!slot.delete(member)) continue\n',
        '',
        'a heartbeat member that has moved to another slot is not visited in its former one',
      ],
      [
        'if (member.dueTick === undefined) continue\n',
        '',
        'a stream that closes during its heartbeat is not put back on the wheel',
      ],
      [
        'if (member.dueTick === undefined) return\n',
        '',
        "removing a stream that is not on the wheel does not change the wheel's size",
      ],
      [
        'const isIdle = member.activeTick + this.#interval <= this.tick',
        'const isIdle = true',
        'a stream that has written within the interval gets no heartbeat',
      ],
      [
        '(isIdle ? this.tick : member.activeTick) + this.#interval',
        'this.tick + this.#interval',
        'a heartbeat is due one interval after the last write',
      ],
      ['this.#size -= 1\n', '', 'a heartbeat wheel stops when its last stream has left'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/feed.ts',
    ['sse-core/test/(resume|history|broadcast|end|idle|idle-edge-cases|idle-resume|cursor-model).test'],
    [
      ['this.#sequence + 1}', 'this.#sequence}', "the first event's id differs from the id before the first event"],
      ['this.#sequence += 1\n    // Before', '// Before', 'every event has an id of its own'],
      ['if (isEvent) this.lastEventId = id\n', '', 'a channel knows the id of its last event'],
      [
        'if (isEvent) this.lastEventId = id\n',
        'this.lastEventId = id\n',
        'the end of a channel does not change lastEventId',
      ],
      ['(this.#log ?? this.#resting)?.', 'this.#log?.', 'an idle channel remembers that it has ended'],
      [
        'this.#resting ?? new Log',
        'new Log',
        'an idle channel without a backplane continues at its position when it is used again',
      ],
      [
        'this.#options.backplane === undefined ? (this.#log ?? this.#resting) : undefined',
        'this.#log ?? this.#resting',
        'an idle channel with a backplane asks it for the position when it is used again',
      ],
      ['only?.shrink()\n', '', 'an idle channel frees the memory of its empty log'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/observed.ts',
    ['sse-core/test/broadcast.test'],
    [
      ['this.#settle(rejected)', 'this.#settle(error as never)', 'a failed broadcast rejects'],
      ['this.#isObserved = true\n', '', 'awaiting a broadcast counts as handling its error'],
      ['return Promise\n', 'return ObservedPromise as never\n', 'then() on a broadcast returns a plain promise'],
    ],
  ),
  ...mutantsOf(
    'express-sse/src/index.ts',
    ['express-sse/test/contract.test'],
    [
      [
        '{ ...options, manager: owner, onFailure }',
        '{ manager: owner, ...options, onFailure }',
        "no option can replace the manager of Express's sse()",
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
        "no option can replace the manager of Koa's sse()",
      ],
    ],
  ),
  ...mutantsOf(
    'fastify-sse/src/index.ts',
    ['fastify-sse/test/contract.test'],
    [['manager: owner,\n', 'manager: owner,\n...options,\n', "no option can replace the manager of Fastify's plugin"]],
  ),
]
