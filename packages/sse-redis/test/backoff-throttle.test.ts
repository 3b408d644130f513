import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { BackoffThrottle } from '../src/backoff-throttle.js'

// What ioredis does a hundred times a second while a server of a cluster is down: cluster-unresponsive.test.ts tests that.

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

/** Calls every 10 ms for `durationMs`. */
function callFor(durationMs: number): void {
  for (let passed = 0; passed < durationMs; passed += 10) {
    throttle.trigger()
    jest.advanceTimersByTime(10)
  }
}

test('BackoffThrottle runs a call at once, and all calls during the pause after it as one more', () => {
  throttle.trigger()
  expect(times).toEqual([0])
  for (let count = 0; count < 5; count++) throttle.trigger()
  expect(times).toEqual([0])
  jest.advanceTimersByTime(10_000)
  expect(times).toEqual([0, 20])
})

test('BackoffThrottle runs a call after the pause at once', () => {
  throttle.trigger()
  jest.advanceTimersByTime(20)
  throttle.trigger()
  expect(times).toEqual([0, 20])
})

test('BackoffThrottle doubles the pause while calls continue, up to a second', () => {
  callFor(5_000)
  expect(times).toEqual([0, 20, 60, 140, 300, 620, 1_260, 2_260, 3_260, 4_260])
})

test('BackoffThrottle resets the pause after a pause without a call', () => {
  callFor(1_000)
  jest.advanceTimersByTime(5_000)
  times = []
  callFor(100)
  expect(times.map((time) => time - (times[0] as number))).toEqual([0, 20, 60])
})

test('BackoffThrottle runs nothing after close()', () => {
  throttle.trigger()
  throttle.trigger()
  throttle.close()
  jest.advanceTimersByTime(10_000)
  expect(times).toEqual([0])
})
