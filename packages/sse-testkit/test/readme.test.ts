import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sse as expressSse } from '@ssekit/express-sse'
import fastifySse from '@ssekit/fastify-sse'
import { type SseChannel, type SseEvent, SseManager } from '@ssekit/sse-core'
import { isCheckpoint, parseEvents, type ReceivedEvent, readEvents, sseParser } from '@ssekit/sse-testkit'
import express from 'express'
import Fastify from 'fastify'
import request from 'supertest'
import { cutRegion } from '../../../scripts/docs-blocks.mjs'
import { until } from '../../sse-core/test/until.js'
import { listen } from './network/listen.js'

const events: readonly SseEvent[] = [
  { data: 'first' },
  { event: 'order', data: { n: 1 } },
  { event: 'order', data: { n: 2 } },
]
let manager: SseManager
let news: SseChannel

beforeEach(() => {
  manager = new SseManager()
  news = manager.getOrCreate('news')
  // At this point the client is subscribed, so it gets these events live.
  news.on('subscribe', () => {
    for (const event of events) void news.broadcast(event)
  })
})

afterEach(() => manager.close({ graceMs: 0 }))

function expressApp(): express.Express {
  const app = express().use(expressSse({ manager }))
  app.get('/news', (_req, res) => res.sse(news))
  app.get('/finite', (_req, res) => res.sse(events))
  return app
}

test.each(['reader', 'supertest', 'supertest-channel', 'inject'])(
  'the README shows the code of %s exactly as it runs here',
  (name) => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(`\n${cutRegion(`${fileURLToPath(import.meta.url)}#${name}`)}\n\`\`\``)
  },
)

test('the README begins with the complete test of reconnect.test.ts', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const whole = readFileSync(new URL('reconnect.test.ts', import.meta.url), 'utf8')
  expect(readme).toContain(`\n${whole}\`\`\``)
})

test('readEvents() works as the README says', async () => {
  const url = await listen(expressApp())
  // #region reader
  const isNews = (event: ReceivedEvent) => !isCheckpoint(event)
  const reader = await readEvents(`${url}/news`, { headers: { authorization: 'Bearer of news' } })
  const [first, second] = await reader.take(2, isNews)
  const order = await reader.next(({ event }) => event === 'order')

  reader.status // 200
  reader.headers.get('content-type') // 'text/event-stream; charset=utf-8'
  reader.text // everything, as it came
  reader.comments // ['heartbeat', …]
  reader.retries // [2000]
  reader.lastEventId // what a browser would send when it reconnects

  reader.pause() // a slow reader; resume() reads on
  reader.abort() // a closed tab
  await reader.end() // 'complete' or 'cut'

  const back = await readEvents(`${url}/news`, { headers: { 'last-event-id': reader.lastEventId } })
  // #endregion reader
  expect([first, second, order]).toMatchObject([{ data: 'first' }, { data: '{"n":1}' }, { data: '{"n":2}' }])
  expect(reader.events[0]).toMatchObject({ event: 'sse-checkpoint' })
  expect([reader.status, reader.headers.get('content-type'), reader.retries]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    [2_000],
  ])
  expect(await back.take(1)).toMatchObject([{ data: 'first' }])
  back.abort()
})

test('sseParser(2) reads a finite stream with supertest as the README says', async () => {
  const app = expressApp()
  // #region supertest
  const { body } = await request(app).get('/finite').buffer(true).parse(sseParser(2)) // disconnects after two
  expect(body).toMatchObject([{ data: 'first' }, { event: 'order', data: '{"n":1}' }])
  // #endregion supertest
})

test('sseParser(condition) reads a channel with supertest as the README says', async () => {
  const app = expressApp()
  // #region supertest-channel
  const isNews = (event: ReceivedEvent) => !isCheckpoint(event)
  const { body } = await request(app).get('/news').buffer(true).parse(sseParser(isNews)) // disconnects after one
  expect(body.filter(isNews)).toMatchObject([{ data: 'first' }])
  // #endregion supertest-channel
  expect(body).toHaveLength(2)
})

test('parseEvents() and readEvents() read fastify.inject() as the README says', async () => {
  const app = Fastify()
  await app.register(fastifySse, { manager })
  app.get('/news', (_request, reply) => reply.sse(news))
  app.get('/finite', (_request, reply) => reply.sse(events))
  // #region inject
  const finite = await app.inject('/finite')
  expect(parseEvents(finite.body)).toMatchObject([{ data: 'first' }, { event: 'order' }, { event: 'order' }])

  const reader = await readEvents(await app.inject({ url: '/news', payloadAsStream: true }))
  const first = await reader.next((event) => !isCheckpoint(event))
  reader.abort() // disconnects
  // #endregion inject
  expect(first).toMatchObject({ data: 'first' })
  expect([reader.status, reader.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect(await reader.end()).toBe('cut')
  await until(() => manager.stats().connections === 0, 'the disconnect')
  await app.close()
})

test('readEvents() reads an injected response that is an error or complete', async () => {
  const app = Fastify()
  app.get('/error', (_request, reply) => reply.code(500).header('set-cookie', ['a', 'b']).send('failed'))
  for (const payloadAsStream of [true, false]) {
    const reader = await readEvents(await app.inject({ url: '/error', payloadAsStream }))
    expect(await reader.end()).toBe('complete')
    expect([reader.status, reader.text, reader.headers.get('set-cookie')]).toEqual([500, 'failed', 'a, b'])
  }
  await app.close()
})
