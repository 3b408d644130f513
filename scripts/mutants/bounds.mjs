import { mutantsOf, TESTS } from './mutant.mjs'

const HOLDING = ['sse-core/test/isolation.test']

/** Limits on what the core uses of memory and of the event loop; and it must not keep the process alive. */
export const bounds = [
  ...mutantsOf(
    'sse-core/src/heartbeat.ts',
    ['sse-core/test/heartbeat.test'],
    [['BEATS_A_TURN = 256', 'BEATS_A_TURN = 1e9', 'heartbeats of many connections leave the event loop to others']],
  ),
  ...mutantsOf(
    'sse-core/src/log.ts',
    ['sse-core/test/history.test'],
    [
      ['BURST_EVENTS = 10_000', 'BURST_EVENTS = 1e9', 'a burst of many events waits for no turn'],
      ['BURST_BYTES = 16 * 1024 * 1024', 'BURST_BYTES = 1e15', 'a burst of large events waits for no turn'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/follower.ts',
    ['sse-core/test/followers.test'],
    [['MAX_LOST_BYTES = 16 * 1024 * 1024', 'MAX_LOST_BYTES = 1e15', 'a lost place costs 16 MiB at most']],
  ),
  ...mutantsOf(
    'sse-core/src/comparison.ts',
    ['sse-core/test/followers.test'],
    [['COMPARED_AT_ONCE = 500', 'COMPARED_AT_ONCE = 5e6', 'one question compares 500 channels at most']],
  ),
  ...mutantsOf('sse-core/src/registry.ts', HOLDING, [
    [
      'export class Registry {',
      'setInterval(() => {}, 60_000).unref()\nexport class Registry {',
      'an import sets no timer',
    ],
  ]),
  ...mutantsOf('sse-core/src/listener-iterator.ts', HOLDING, [
    ['    this.#heartbeat.unref()\n', '', 'the heartbeat of a loop holds no process'],
  ]),
  ...mutantsOf('sse-core/src/async-context.ts', HOLDING, [
    [
      'setInterval(callback, ms).unref()',
      'setInterval(callback, ms)',
      'channels, heartbeats, comparisons and memory backplanes hold no process',
    ],
  ]),
  ...mutantsOf('sse-core/src/rare-state.ts', HOLDING, [
    ['setTimeout(callback, ageMs).unref()', 'setTimeout(callback, ageMs)', 'the age of a stream holds no process'],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', TESTS.contract, [
    [
      'setTimeout(cutSlow, writeTimeoutMs,',
      'setTimeout(cutSlow, writeTimeoutMs / 2,',
      'a client has all of writeTimeoutMs',
    ],
  ]),
  ...mutantsOf('sse-core/src/writer.ts', HOLDING, [
    ['this.#owner).unref()', 'this.#owner)', 'the time that a client has to read holds no process'],
  ]),
  ...mutantsOf('sse-core/src/response-close.ts', HOLDING, [
    [
      'const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res).unref()',
      'const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res)',
      'the time that a stream has to end holds no process',
    ],
  ]),
  ...mutantsOf('sse-core/src/graceful-shutdown.ts', HOLDING, [
    ['}, ms).unref()', '}, ms)', 'the time that a reader has to catch up holds no process'],
  ]),
]
