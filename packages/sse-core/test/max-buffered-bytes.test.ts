import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

const MIB = 1024 * 1024

test('a large replayed event does not count for maxBufferedBytes when a function subscribes again', async () => {
  const manager = new SseManager({ maxEventBytes: 4 * MIB, history: { maxBytes: 4 * MIB } })
  const [large, other] = [manager.getOrCreate('large'), manager.getOrCreate('other')]
  const before = await large.broadcast('before')
  await large.broadcast('x'.repeat(2 * MIB))
  const server = await serve((req, res) => {
    void respond(
      req,
      res,
      async (connection) => {
        void connection.subscribe(large)
        await connection.subscribe(other)
      },
      { manager, lastEventId: before },
    )
  })
  const client = await exchange(server, get())
  await client.until(/x\n\n/)
  await other.broadcast('news')
  await client.until(/data: news\n\n/)
  expect(manager.stats().closed).toEqual({})
})

test('the last event of manager.close() reaches a slow reader even if maxBufferedBytes is small', async () => {
  const manager = new SseManager({ maxBufferedBytes: 16 * 1024, history: { maxBytes: 64 * MIB } })
  const channel = manager.getOrCreate('news')
  let outcome: Promise<CloseReason> | undefined
  const server = await serve((req, res) => {
    outcome = respond(req, res, channel, { manager, rewind: 100 })
  })
  for (let i = 0; i < 16; i++) await channel.broadcast('x'.repeat(MIB - 100))
  const client = await exchange(server, get())
  await client.until(/retry: 2000/)
  client.socket.pause()
  const closing = manager.close({ event: 'bye', retryMs: 77, graceMs: 30_000 })
  client.socket.resume()
  await closing
  expect(await outcome).toBe('shutdown')
  await client.until(/0\r\n\r\n$/)
  expect(client.text()).toMatch(/data: bye\n\nretry: 77\n\n\r\n0\r\n\r\n$/)
})
