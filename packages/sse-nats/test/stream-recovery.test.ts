import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { StreamRecovery } from '../src/stream-recovery.js'

beforeEach(() => {
  jest.useFakeTimers()
})

afterEach(() => {
  jest.useRealTimers()
})

test('a stream that is not to be had is asked for as long as somebody needs it, and again for who needs it later', async () => {
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
