import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { StreamRecovery } from '../src/stream-recovery.js'

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

test('StreamRecovery retries while the stream is needed, stops when it is not, and can start again', async () => {
  let isNeeded = true
  const refresh = jest.fn(() => Promise.reject(new Error('no')))
  const recovery = new StreamRecovery(
    { refresh },
    {
      isNeeded: () => isNeeded,
      onRecovered: () => expect(true).toBe(false),
      onRefused: () => expect(true).toBe(false),
    },
  )
  recovery.start()
  await jest.advanceTimersByTimeAsync(60_000)
  expect(refresh.mock.calls.length).toBeGreaterThan(50)
  isNeeded = false
  await jest.advanceTimersByTimeAsync(2_000)
  refresh.mockClear()
  await jest.advanceTimersByTimeAsync(600_000)
  expect(refresh).not.toHaveBeenCalled()
  isNeeded = true
  recovery.start()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(refresh.mock.calls.length).toBeGreaterThan(5)
  recovery.stop()
})
