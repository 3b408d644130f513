import type { ServerResponse } from 'node:http'
import { afterEach, expect, jest, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(async () => {
  jest.useRealTimers()
  await hangUp()
})

test('a stream that has ended behind a slow answer of its connection waits for it, however long', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
  const manager = new SseManager({ writeTimeoutMs: 1_000 })
  let slow: ServerResponse | undefined
  let over: Promise<CloseReason> | undefined
  let begun: (() => void) | undefined
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const server = await serve((req, res) => {
    if (req.url === '/slow') slow = res
    else if (req.url === '/after') res.end('after')
    else {
      over = respond(req, res, ['one'], { manager })
      begun?.()
    }
  })
  const { socket, until: untilHeard } = await exchange(server, get('/slow') + get('/events'))
  await hasBegun
  await until(() => manager.stats().connections === 0, 'the end of the stream')
  await jest.advanceTimersByTimeAsync(10_000)
  slow?.end('slow')
  await untilHeard(/slow[\s\S]*data: one\n\n/)
  expect(await over).toBe('end')
  socket.write(get('/after'))
  await untilHeard(/after/)
})

test('manager.close() waits no longer than its grace for a stream behind an answer that does not come', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const over: Promise<CloseReason>[] = []
  let slow: ServerResponse | undefined
  const server = await serve((req, res) => {
    if (req.url === '/slow') slow = res
    else over.push(respond(req, res, news))
  })
  const { until: untilHeard } = await exchange(server, get('/slow') + get('/events'))
  await until(() => manager.stats().connections === 1, 'the stream')
  await manager.close({ graceMs: 50 })
  expect(await over[0]).toBe('shutdown')
  expect(manager.stats().closed).toEqual({ shutdown: 1 })
  // Somebody else's answer on the same connection is none of ours.
  slow?.end('slow')
  await untilHeard(/slow/)
})
