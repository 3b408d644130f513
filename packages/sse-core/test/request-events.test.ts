import type { IncomingMessage } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseChannel } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

interface Stream {
  readonly req: IncomingMessage
  readonly over: Promise<CloseReason>
}

/** Opens a stream, and calls back with its request before it begins. */
async function open(watch: (req: IncomingMessage) => void = () => {}) {
  const streams: Stream[] = []
  const news = new SseChannel('news')
  const server = await serve((req, res) => {
    watch(req)
    streams.push({ req, over: respond(req, res, news) })
  })
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  return { client, stream: streams[0] as Stream }
}

test('the request of a client that disconnects emits aborted, then close, as without a stream', async () => {
  const events: string[] = []
  const { client, stream } = await open((req) => {
    for (const event of ['aborted', 'close']) req.on(event, () => events.push(event))
  })
  expect(events).toEqual([])
  client.socket.destroy()
  expect(await stream.over).toBe('client')
  await until(() => events.length > 1, 'the events')
  expect(events).toEqual(['aborted', 'close'])
  expect(stream.req.destroyed).toBe(true)
})

test('a listener for errors of the request receives the ECONNRESET of a client that disconnects', async () => {
  const errors: unknown[] = []
  const { client, stream } = await open((req) => void req.on('error', (error) => errors.push(error)))
  client.socket.destroy()
  expect(await stream.over).toBe('client')
  await until(() => errors.length > 0, 'the error')
  expect(errors).toEqual([expect.objectContaining({ code: 'ECONNRESET', message: 'aborted' })])
})

test('Node makes no error for the request of a client that disconnects if nothing listens for one', async () => {
  const { client, stream } = await open()
  client.socket.destroy()
  expect(await stream.over).toBe('client')
  expect(stream.req.errored).toBe(null)
})

test('streams that follow each other on one connection leave no listeners on its socket', async () => {
  const counts: number[] = []
  const server = await serve((req, res) => {
    counts.push(req.socket.listenerCount('close'))
    void respond(req, res, ['one'])
  })
  const client = await exchange(server, get())
  await client.until(/0\r\n\r\n$/)
  client.socket.write(get())
  await client.until(/(0\r\n\r\n[\s\S]*){2}$/)
  expect(counts[1]).toBe(counts[0])
})

test('the response is marked as destroyed when onClose is called for a client that disconnected', async () => {
  const seen: unknown[] = []
  const news = new SseChannel('news')
  const server = await serve((req, res) => {
    void respond(req, res, news, { onClose: (reason) => seen.push(reason, res.destroyed) })
  })
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  client.socket.destroy()
  await until(() => seen.length > 0, 'the end')
  expect(seen).toEqual(['client', true])
})
