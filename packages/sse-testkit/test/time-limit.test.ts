import { Readable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { RawClient, readEvents } from '@ssekit/sse-testkit'
import { eventually } from '../src/contract/eventually.js'
import { defaultTimeoutMs } from '../src/time-limit.js'
import { listen } from './network/listen.js'

const ours = process.env.SSE_TESTKIT_TIMEOUT_MS

afterEach(() => {
  process.env.SSE_TESTKIT_TIMEOUT_MS = ours
})

function silentStream(): Readable {
  return new Readable({ read() {} })
}

test('without SSE_TESTKIT_TIMEOUT_MS a wait ends after 4 s, before Jest and Vitest stop the test', () => {
  delete process.env.SSE_TESTKIT_TIMEOUT_MS
  expect(defaultTimeoutMs()).toBe(4_000)
})

test('SSE_TESTKIT_TIMEOUT_MS limits every wait that has no time limit of its own', async () => {
  process.env.SSE_TESTKIT_TIMEOUT_MS = '300'
  const reader = await readEvents(silentStream())
  await expect(reader.take(1)).rejects.toThrow('300 ms')
  const client = await RawClient.connect(await listen(() => {}))
  await expect(client.response()).rejects.toThrow('300 ms')
  client.destroy()
  await expect(eventually(() => false, 'a condition')).rejects.toThrow('300 ms')
})

test('a time limit of its own is stronger than SSE_TESTKIT_TIMEOUT_MS', async () => {
  const reader = await readEvents(silentStream(), { timeoutMs: 20 })
  await expect(reader.take(1)).rejects.toThrow('20 ms')
})

test.each(['0', '-1', 'soon', '', '1e12'])("SSE_TESTKIT_TIMEOUT_MS='%s' is a RangeError", async (value) => {
  process.env.SSE_TESTKIT_TIMEOUT_MS = value
  await expect(readEvents(silentStream())).rejects.toThrow(RangeError)
})

test('jest.config.ts gives the tests of this repository at least 10 s, in workers too', () => {
  expect(defaultTimeoutMs()).toBeGreaterThanOrEqual(10_000)
})
