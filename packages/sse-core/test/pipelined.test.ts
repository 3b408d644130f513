import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager, type SseSource } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

/** Requests a slow answer and then a stream over one connection. */
async function behindSlowAnswer(source: SseSource, manager = new SseManager()) {
  const user = new AsyncLocalStorage<string>()
  const over: Promise<CloseReason>[] = []
  let slow: ServerResponse | undefined
  let again: ((source: SseSource) => Promise<CloseReason>) | undefined
  const server = await serve((req, res) => {
    if (req.url === '/slow') slow = res
    else if (req.url === '/after') res.end('after')
    else {
      again = (source) => respond(req, res, source, { manager })
      over.push(user.run('ann', () => respond(req, res, source, { manager })))
    }
  })
  const client = await exchange(server, get('/slow') + get('/events'))
  await until(() => over.length === 1, 'the second request')
  return {
    ...client,
    user,
    manager,
    over: over[0] as Promise<CloseReason>,
    slow: slow as ServerResponse,
    again: again as (source: SseSource) => Promise<CloseReason>,
  }
}

test('a stream behind a slow answer of its connection begins after it, and leaves the connection usable', async () => {
  const { manager, slow, socket, until: untilReceived, over } = await behindSlowAnswer(['one'])
  expect(manager.stats()).toMatchObject({ connections: 0, closed: {} })
  slow.end('slow')
  await untilReceived(/slow[\s\S]*data: one\n\n/)
  expect(await over).toBe('end')
  socket.write(get('/after'))
  await untilReceived(/after/)
})

test('a stream that waits for its turn runs its source in the async context of its own request', async () => {
  let seen: string | undefined
  const { user, slow, over } = await behindSlowAnswer(() => {
    seen = user.getStore()
    return null
  })
  slow.end('slow')
  await over
  expect(seen).toBe('ann')
})

test('a Node stream that fails while its response waits for its turn rejects the promise, and ends no process', async () => {
  const source = new Readable({ read() {} })
  const { slow, over } = await behindSlowAnswer(source)
  source.destroy(new Error('torn'))
  slow.end('slow')
  await expect(over).rejects.toThrow('torn')
})

test('a source whose client disconnects before its turn is cancelled', async () => {
  const source = new Readable({ read() {} })
  const { over, socket } = await behindSlowAnswer(source)
  socket.destroy()
  expect(await over).toBe('client')
  expect(source.destroyed).toBe(true)
})

test('manager.close() does not wait for a stream that waits for its turn, and that stream is refused', async () => {
  const manager = new SseManager()
  const { over, slow, until: untilReceived } = await behindSlowAnswer(manager.getOrCreate('news'), manager)
  await manager.close({ graceMs: 60_000 })
  slow.end('slow')
  expect(await over).toBe('shutdown')
  await untilReceived(/slow[\s\S]*retry: \d+\n\n/)
})

test('a second stream for a response that waits for its turn is refused, and the first one stays', async () => {
  const { slow, over, until: untilReceived, again } = await behindSlowAnswer(['one'])
  const refused = new Readable({ read() {} })
  await expect(again(refused)).rejects.toMatchObject({ code: 'ERR_SSE_HEADERS_SENT' })
  expect(refused.destroyed).toBe(true)
  slow.end('slow')
  await untilReceived(/slow[\s\S]*data: one\n\n/)
  expect(await over).toBe('end')
})
