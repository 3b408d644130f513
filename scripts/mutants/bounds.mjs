import { mutantsOf, TESTS } from './mutant.mjs'

const HOLDING = ['sse-core/test/isolation.test']

/** Limits on the core's use of memory and of the event loop, and timers that must not keep the process alive. */
export const bounds = [
  ...mutantsOf(
    'sse-core/src/heartbeat.ts',
    ['sse-core/test/heartbeat.test'],
    [
      [
        'BEATS_A_TURN = 256',
        'BEATS_A_TURN = 1e9',
        'heartbeats of many connections give the event loop turns to other work',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/log.ts',
    ['sse-core/test/history.test'],
    [
      [
        'BURST_EVENTS = 10_000',
        'BURST_EVENTS = 1e9',
        'a burst of too many events is evicted without waiting for a turn of the event loop',
      ],
      [
        'BURST_BYTES = 16 * 1024 * 1024',
        'BURST_BYTES = 1e15',
        'a burst of too many bytes is evicted without waiting for a turn of the event loop',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/follower.ts',
    ['sse-core/test/followers.test'],
    [
      [
        'MAX_LOST_BYTES = 16 * 1024 * 1024',
        'MAX_LOST_BYTES = 1e15',
        'a follower that has lost its place reads 16 MiB at most',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/comparison.ts',
    ['sse-core/test/followers.test'],
    [['COMPARED_AT_ONCE = 500', 'COMPARED_AT_ONCE = 5e6', 'one request compares 500 channels at most']],
  ),
  ...mutantsOf('sse-core/src/registry.ts', HOLDING, [
    [
      'export class Registry {',
      'setInterval(() => {}, 60_000).unref()\nexport class Registry {',
      'importing the package starts no timer',
    ],
  ]),
  ...mutantsOf('sse-core/src/listener-iterator.ts', HOLDING, [
    [
      '    this.#heartbeat.unref()\n',
      '',
      'the heartbeat timer of a loop over listen() does not keep the process alive',
    ],
  ]),
  ...mutantsOf('sse-core/src/async-context.ts', HOLDING, [
    [
      'setInterval(callback, ms).unref()',
      'setInterval(callback, ms)',
      'timers of channels, heartbeats, comparisons and memory backplanes do not keep the process alive',
    ],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', HOLDING, [
    [
      'setTimeout(callback, ageMs).unref()',
      'setTimeout(callback, ageMs)',
      'the age timer of a stream does not keep the process alive',
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', TESTS.contract, [
    [
      'setTimeout(cutSlow, writeTimeoutMs,',
      'setTimeout(cutSlow, writeTimeoutMs / 2,',
      'a slow client is not disconnected before writeTimeoutMs has passed',
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', HOLDING, [
    ['this.#owner).unref()', 'this.#owner)', 'the write timeout of a client does not keep the process alive'],
  ]),
  ...mutantsOf('sse-core/src/response-close.ts', HOLDING, [
    [
      'const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res).unref()',
      'const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res)',
      'the timeout for finishing a response does not keep the process alive',
    ],
  ]),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', HOLDING, [
    ['}, ms).unref()', '}, ms)', 'the grace timer of a reader that has to catch up does not keep the process alive'],
  ]),
]
