import { mutantsOf, TESTS } from './mutant.mjs'

const CHANNELS = ['sse-core/test/(history|manager|broadcast|idle).test']

/** Every default value. */
export const defaults = [
  ...mutantsOf('sse-core/src/settings.ts', CHANNELS, [
    ['heartbeatMs: 15_000', 'heartbeatMs: 16_000', 'heartbeats come every 15 s'],
    ['retryMs: 2_000', 'retryMs: 3_000', 'clients come back after 2 s'],
    ['writeTimeoutMs: 30_000', 'writeTimeoutMs: 0', 'readers have 30 s to drain'],
    ['maxBufferedBytes: 1024 * 1024', 'maxBufferedBytes: 1024', 'a mebibyte of send() may pile up'],
    ['maxEventBytes: 1024 * 1024', 'maxEventBytes: 1024 * 1023', 'an event may have a mebibyte'],
    ['maxConnectionAgeMs: Number.POSITIVE_INFINITY', 'maxConnectionAgeMs: 3_600_000', 'connections may grow old'],
  ]),
  ...mutantsOf('sse-core/src/limits.ts', CHANNELS, [
    ['maxEvents: 1000,', 'maxEvents: 1001,', 'a channel keeps 1000 events'],
    ['maxBytes: 1024 * 1024,', 'maxBytes: 1024 * 1024 * 2,', 'a channel keeps a mebibyte'],
    ['maxAgeMs: 300_000', 'maxAgeMs: 300_001', 'a channel keeps five minutes'],
  ]),
  ...mutantsOf(
    'sse-core/src/manager.ts',
    [...CHANNELS, ...TESTS.connection, ...TESTS.contract],
    [
      ['maxHistoryBytes = 256 * 1024 * 1024', 'maxHistoryBytes = 512 * 1024 * 1024', 'all channels keep 256 MiB'],
      ["overload = 'retry'", "overload = 'reject'", 'who cannot be served gets 200 and a retry'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/graceful-shutdown.ts',
    [...CHANNELS, ...TESTS.connection, ...TESTS.contract],
    [
      ['graceMs = 5_000', 'graceMs = 0', 'streams get time to end'],
      ['4 * usualRetryMs', 'usualRetryMs', 'clients are spread out over time at shutdown'],
    ],
  ),
  ...mutantsOf(
    'sse-core/src/answer.ts',
    [...TESTS.connection, ...TESTS.contract],
    [['(1 + 3 * Math.random())', '1', 'refused clients are spread out over time']],
  ),
]
