import { beforeEach, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { connect, isNews, until } from '../../from-python/test/serving.js'
import { app, failures, upstream } from '../src/pass-on.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

let channel: SseChannel
let server: ChangingServer

beforeEach(async () => {
  channel = new SseChannel('upstream')
  server = await serveChanging(streaming(channel))
  upstream.url = server.url
})

test('events are passed on with their ids, types and lines, and a client resumes where it was', async () => {
  const before = await connect(app, '/events')
  const id = await channel.broadcast({ event: 'order', data: 'two\n  lines' })
  expect(await before.take(1, isNews)).toEqual([{ event: 'order', id, data: 'two\n  lines' }])
  before.abort()
  // Who leaves here has left there.
  await until(() => channel.subscriberCount === 0)
  await channel.broadcast('missed')
  const after = await connect(app, '/events', { 'Last-Event-ID': before.lastEventId })
  expect(await after.take(1, isNews)).toMatchObject([{ event: 'message', data: 'missed' }])
  after.abort()
  await until(() => channel.subscriberCount === 0)
  expect(failures).toEqual([])
})

test('an id of any characters resumes at the other server', async () => {
  const ids: string[] = []
  server.answer = streaming(({ lastEventId }) => {
    ids.push(lastEventId)
  })
  await (await connect(app, '/events?lastEventId=%E2%82%AC')).end()
  expect(ids).toEqual(['€'])
})

test('the end of the other stream is the end of ours, and its 204 is our 204', async () => {
  const reader = await connect(app, '/events')
  await channel.end({ event: 'done', data: '' })
  expect(await reader.end()).toBe('complete')
  expect(reader.events.at(-1)).toMatchObject({ event: 'done' })
  expect((await connect(app, '/events', { 'Last-Event-ID': reader.lastEventId })).status).toBe(204)
})

test.each(['is down', 'refuses'])('while the other server %s, clients are told to come back later', async (what) => {
  if (what === 'refuses') server.answer = refusing(503)
  else upstream.url = 'http://127.0.0.1:1'
  const reader = await connect(app, '/events')
  expect(await reader.end()).toBe('complete')
  expect(reader.retries.at(-1)).toBe(10_000)
})

test("the other server's bytes, streamed as they are, become the data of events", async () => {
  server.answer = streaming([{ event: 'order', id: '1', data: 'text' }])
  const reader = await connect(app, '/chunks')
  await reader.end()
  expect(reader.events.every(({ event, id }) => event === 'message' && id === undefined)).toBe(true)
  expect(reader.events.map(({ data }) => data).join('')).toContain('id: 1\nevent: order\ndata: text')
})
