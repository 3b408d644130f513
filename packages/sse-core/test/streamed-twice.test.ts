import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, type SseConnection, SseManager, SseStream } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

test('a second respond() for the same response is refused, and does not disturb the first stream', async () => {
  const errors: unknown[] = []
  let onRefused: (() => void) | undefined
  const refused = new Promise<void>((resolve) => {
    onRefused = resolve
  })
  const manager = new SseManager({
    onError: (error) => {
      errors.push(error)
      onRefused?.()
    },
  })
  const server = await serve((req, res) => {
    const first = async (connection: SseConnection): Promise<void> => {
      await refused
      await connection.send('of the first')
    }
    void respond(req, res, first, { manager })
    // Nobody awaits it. It must not answer the request itself because of that.
    void respond(req, res, ['of the second'], { manager })
  })
  const { until, text } = await exchange(server, get())
  await until(/0\r\n\r\n$/)
  expect(text()).toMatch(/^HTTP\/1.1 200 OK/)
  expect(text()).toContain('data: of the first\n\n')
  expect(text()).not.toContain('of the second')
  expect(errors).toMatchObject([{ code: 'ERR_SSE_HEADERS_SENT' }])
  expect(manager.stats().closed).toEqual({ end: 1 })
})

test('a second response with the same SseStream gets 500, and the first one keeps its buffer limit', async () => {
  const manager = new SseManager({ maxBufferedBytes: 64 * 1024, writeTimeoutMs: 0, onError: () => {} })
  const stream = new SseStream()
  const outcomes: Promise<CloseReason>[] = []
  const server = await serve((req, res) => {
    outcomes.push(respond(req, res, stream, { manager }))
  })
  const first = await exchange(server, get())
  await first.until(/retry/)
  first.socket.pause()
  await (await exchange(server, get())).until(/^HTTP\/1.1 500 /)
  await expect(outcomes[1]).rejects.toThrow(TypeError)
  await until(() => {
    stream.addData('x'.repeat(64 * 1024))
    return manager.stats().closed.slow === 1
  }, 'the reader to be disconnected')
  expect(await outcomes[0]).toBe('slow')
})
