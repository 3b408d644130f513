import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseChannel } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

interface Stream {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly socket: Socket
  readonly over: Promise<CloseReason>
}

/** Opens a stream, and calls back with its request before it begins. */
async function open(watch: (req: IncomingMessage) => void = () => {}) {
  const streams: Stream[] = []
  const news = new SseChannel('news')
  const server = await serve((req, res) => {
    watch(req)
    streams.push({ req, res, socket: req.socket, over: respond(req, res, news) })
  })
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  return { client, news, stream: streams[0] as Stream, streams }
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

test('a stream that has ended leaves no listener on the connection that its client goes on using', async () => {
  const { client, news, stream, streams } = await open()
  const { socket } = stream
  const during = socket.listenerCount('close')
  await news.end()
  expect(await stream.over).toBe('end')
  expect(socket.listenerCount('close')).toBeLessThan(during)
  // The next request on this connection is a stream of its own, with its own end.
  client.socket.write(get())
  await client.until(/204 No Content/)
  expect(await streams[1]?.over).toBe('end')
  expect(socket.destroyed).toBe(false)
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
