import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { BackoffThrottle } from '../src/backoff-throttle.js'

// What ioredis does a hundred times a second while a server of a cluster is down depends on its version; cluster-sick.test.ts has it.

let times: number[]
let throttle: BackoffThrottle

beforeEach(() => {
  jest.useFakeTimers()
  const start = performance.now()
  times = []
  throttle = new BackoffThrottle(() => times.push(performance.now() - start))
})
afterEach(() => {
  throttle.close()
  jest.useRealTimers()
})

/** Calls every 10 ms, from now on and for so long. */
function callFor(durationMs: number): void {
  for (let passed = 0; passed < durationMs; passed += 10) {
    throttle.trigger()
    jest.advanceTimersByTime(10)
  }
}

test('a call runs at once, and all calls of the pause after it are one more run', () => {
  throttle.trigger()
  expect(times).toEqual([0])
  for (let count = 0; count < 5; count++) throttle.trigger()
  expect(times).toEqual([0])
  jest.advanceTimersByTime(10_000)
  expect(times).toEqual([0, 20])
})

test('a call after the pause runs at once', () => {
  throttle.trigger()
  jest.advanceTimersByTime(20)
  throttle.trigger()
  expect(times).toEqual([0, 20])
})

test('as long as calls keep coming each pause is twice as long as the one before it, up to a second', () => {
  callFor(5_000)
  expect(times).toEqual([0, 20, 60, 140, 300, 620, 1_260, 2_260, 3_260, 4_260])
})

test('a pause without a call makes the next one short again', () => {
  callFor(1_000)
  jest.advanceTimersByTime(5_000)
  times = []
  callFor(100)
  expect(times.map((time) => time - (times[0] as number))).toEqual([0, 20, 60])
})

test('nothing runs once it is closed', () => {
  throttle.trigger()
  throttle.trigger()
  throttle.close()
  jest.advanceTimersByTime(10_000)
  expect(times).toEqual([0])
})
