import { mutantsOf, TESTS } from './mutant.mjs'

const CHANNELS = ['sse-core/test/(history|manager|broadcast|idle).test']

/** Every default value. */
export const defaults = [
  ...mutantsOf('sse-core/src/settings.ts', CHANNELS, [
    ['heartbeatMs: 15_000', 'heartbeatMs: 16_000', 'heartbeatMs is 15 s by default'],
    ['retryMs: 2_000', 'retryMs: 3_000', 'retryMs is 2 s by default'],
    ['writeTimeoutMs: 30_000', 'writeTimeoutMs: 0', 'writeTimeoutMs is 30 s by default'],
    ['maxBufferedBytes: 1024 * 1024', 'maxBufferedBytes: 1024', 'maxBufferedBytes is 1 MiB by default'],
    ['maxEventBytes: 1024 * 1024', 'maxEventBytes: 1024 * 1023', 'maxEventBytes is 1 MiB by default'],
    [
      'maxConnectionAgeMs: Number.POSITIVE_INFINITY',
      'maxConnectionAgeMs: 3_600_000',
      'connections have no maximum age by default',
    ],
  ]),
  ...mutantsOf('sse-core/src/limits.ts', CHANNELS, [
    ['maxEvents: 1000,', 'maxEvents: 1001,', 'a channel keeps 1000 events by default'],
    ['maxBytes: 1024 * 1024,', 'maxBytes: 1024 * 1024 * 2,', 'a channel keeps 1 MiB by default'],
    ['maxAgeMs: 300_000', 'maxAgeMs: 300_001', 'a channel keeps events for five minutes by default'],
  ]),
  ...mutantsOf(
    'sse-core/src/manager.ts',
    [...CHANNELS, ...TESTS.connection, ...TESTS.contract],
    [
      [
        'maxHistoryBytes = 256 * 1024 * 1024',
        'maxHistoryBytes = 512 * 1024 * 1024',
        'all channels together keep 256 MiB by default',
      ],
      [
        "overload = 'retry'",
        "overload = 'reject'",
        'a client that cannot be served gets 200 and a retry time by default',
      ],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    [...CHANNELS, ...TESTS.connection, ...TESTS.contract],
    [
      ['graceMs = 5_000', 'graceMs = 0', 'close() gives streams 5 s to end by default'],
      ['4 * usualRetryMs', 'usualRetryMs', 'close() spreads the reconnects of clients over time by default'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/answer.ts',
    [...TESTS.connection, ...TESTS.contract],
    [['(1 + 3 * Math.random())', '1', 'the reconnects of refused clients are spread over time']],
  ),
]
