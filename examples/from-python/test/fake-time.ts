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

/** Time for what beats, such as heartbeats; sockets and everything else go on as they do. */
export function fakeIntervals(): void {
  jest.useFakeTimers({ doNotFake: [...others, 'setTimeout', 'clearTimeout'] })
}

/** Time for what waits, such as time limits; sockets and everything else go on as they do. */
export function fakeTimeouts(): void {
  jest.useFakeTimers({ doNotFake: [...others, 'setInterval', 'clearInterval'] })
}
