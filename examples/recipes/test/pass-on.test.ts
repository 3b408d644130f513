import { request } from 'node:http'
import { beforeEach, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { connect, isNews, serve, until } from '../../from-python/test/serving.js'
import { app, failures, upstream } from '../src/pass-on.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

let channel: SseChannel
let server: ChangingServer

beforeEach(async () => {
  channel = new SseChannel('upstream')
  server = await serveChanging(streaming(channel))
  upstream.url = server.url
})

test('a proxied stream keeps ids, types and line breaks, and resumes with the last event id', async () => {
  const before = await connect(app, '/events')
  const id = await channel.broadcast({ event: 'order', data: 'two\n  lines' })
  expect(await before.take(1, isNews)).toEqual([{ event: 'order', id, data: 'two\n  lines' }])
  before.abort()
  // When the client disconnects here, the proxy disconnects from the other server.
  await until(() => channel.subscriberCount === 0)
  await channel.broadcast('missed')
  const after = await connect(app, '/events', { 'Last-Event-ID': before.lastEventId })
  expect(await after.take(1, isNews)).toMatchObject([{ event: 'message', data: 'missed' }])
  after.abort()
  await until(() => channel.subscriberCount === 0)
  expect(failures).toEqual([])
})

test('a proxied stream passes an id with non-ASCII characters to the other server', async () => {
  const ids: string[] = []
  server.answer = streaming(({ lastEventId }) => {
    ids.push(lastEventId)
  })
  await (await connect(app, '/events?lastEventId=%E2%82%AC')).end()
  expect(ids).toEqual(['€'])
})

test('a proxied stream ends when the other stream ends, and passes on its 204', async () => {
  const reader = await connect(app, '/events')
  await channel.end({ event: 'done', data: '' })
  expect(await reader.end()).toBe('complete')
  expect(reader.events.at(-1)).toMatchObject({ event: 'done' })
  expect((await connect(app, '/events', { 'Last-Event-ID': reader.lastEventId })).status).toBe(204)
})

test.each(['is down', 'refuses'])(
  'a proxied stream tells clients to retry later while the other server %s',
  async (what) => {
    if (what === 'refuses') server.answer = refusing(503)
    else upstream.url = 'http://127.0.0.1:1'
    const reader = await connect(app, '/events')
    expect(await reader.end()).toBe('complete')
    expect(reader.retries.at(-1)).toBe(10_000)
  },
)

test("the other server's bytes become event data if they are streamed without parsing", async () => {
  server.answer = streaming([{ event: 'order', id: '1', data: 'text' }])
  const reader = await connect(app, '/chunks')
  await reader.end()
  expect(reader.events.every(({ event, id }) => event === 'message' && id === undefined)).toBe(true)
  expect(reader.events.map(({ data }) => data).join('')).toContain('id: 1\nevent: order\ndata: text')
})

test('a client that disconnects while the other server is silent is noticed, even if it sent a body', async () => {
  server.answer = () => {}
  const client = request(`${await serve(app)}/events`, { method: 'GET', headers: { 'Content-Length': 100_000_000 } })
  client.on('error', () => {})
  // More than the sockets and the request hold: the server does not read the rest by itself.
  client.write('x'.repeat(300_000))
  await until(() => server.requests.length === 1)
  const [passedOn] = server.requests
  client.destroy()
  await until(() => passedOn?.socket.destroyed === true)
})
