import { jest } from '@jest/globals'

const others = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
] as const

/** Fakes intervals, such as heartbeats. Sockets and all other timers run as usual. */
export function fakeIntervals(): void {
  jest.useFakeTimers({ doNotFake: [...others, 'setTimeout', 'clearTimeout'] })
}

/** Fakes timeouts, such as time limits. Sockets and all other timers run as usual. */
export function fakeTimeouts(): void {
  jest.useFakeTimers({ doNotFake: [...others, 'setInterval', 'clearInterval'] })
}
