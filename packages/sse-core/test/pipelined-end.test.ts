import type { ServerResponse } from 'node:http'
import { afterEach, expect, jest, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

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
  const { socket, until } = await exchange(server, get('/slow') + get('/events'))
  await hasBegun
  while (manager.stats().connections > 0) await turn()
  await jest.advanceTimersByTimeAsync(10_000)
  slow?.end('slow')
  await until(/slow[\s\S]*data: one\n\n/)
  expect(await over).toBe('end')
  socket.write(get('/after'))
  await until(/after/)
})
