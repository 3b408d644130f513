import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import compression from 'compression'
import express from 'express'
import { createApp } from '../src/starlette/isolation.js'
import { createApp as createLimited } from '../src/starlette/limiter.js'
import { app as pinging } from '../src/starlette/ping.js'
import { fakeIntervals } from './fake-time.js'
import { connect, isNews, serve, until } from './serving.js'

describe('a ping', () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  test('sends the comment that its factory makes, after each interval without an event', async () => {
    fakeIntervals()
    const reader = await connect(pinging, '/events')
    jest.advanceTimersByTime(10_000)
    await reader.until(({ comments }) => comments.length === 1)
    jest.advanceTimersByTime(10_000)
    await reader.until(({ comments }) => comments.length === 2)
    expect(reader.comments).toEqual(['Custom ping message', 'Custom ping message'])
    expect(reader.events).toEqual([])
  })
})

describe('a limit', () => {
  test('on connections refuses the next one with a retry time while the others are open', async () => {
    const app = createLimited('retry').set('trust proxy', 'loopback')
    const readers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => connect(app, '/events', from(`10.0.0.${i}`))),
    )
    for (const reader of readers) await reader.take(1)
    const refused = await connect(app, '/events', from('10.0.1.1'))
    expect(refused.status).toBe(200)
    await refused.end()
    expect(refused.events).toEqual([])
    expect(refused.retries).toHaveLength(1)
    const [retryMs] = refused.retries
    expect(retryMs).toBeGreaterThanOrEqual(2_000)
    expect(retryMs).toBeLessThanOrEqual(8_000)
  })

  test('on connections with one key does not affect other keys, and can reject with 503', async () => {
    const app = createLimited('reject').set('trust proxy', 'loopback')
    for (let i = 0; i < 3; i++) await (await connect(app, '/events', from('10.0.0.1'))).take(1)
    const refused = await connect(app, '/events', from('10.0.0.1'))
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(2)
    const other = await connect(app, '/events', from('10.0.0.2'))
    expect((await other.take(1))[0]?.data).toBe('hello')
  })

  test('on connections with one key cannot be avoided by sending other X-Forwarded-For headers or queries', async () => {
    const app = createLimited('reject')
    for (let i = 0; i < 3; i++) await (await connect(app, `/events?user=${i}`, from(`10.0.0.${i}`))).take(1)
    expect((await connect(app, '/events?user=4', from('10.0.0.4'))).status).toBe(503)
  })

  /** The header in which a proxy names the client's address. */
  const from = (address: string): Record<string, string> => ({ 'X-Forwarded-For': address })
})

test('two applications in one process share nothing', async () => {
  const [one, two] = [createApp(), createApp()]
  const [first, second] = await Promise.all([connect(one, '/events'), connect(two, '/events')])
  await fetch(`${await serve(one)}/news`, { method: 'POST' })
  await first.take(1, isNews)
  await fetch(`${await serve(two)}/news`, { method: 'POST' })
  await second.take(1, isNews)
  expect(first.events.filter(isNews)).toHaveLength(1)
  expect(second.events.filter(isNews)).toHaveLength(1)
})

test('compression middleware does not delay events', async () => {
  const manager = new SseManager()
  const app = express()
    .use(compression({ threshold: 0 }))
    .use(createApp(manager))
  const reader = await connect(app, '/events', { 'Accept-Encoding': 'gzip' })
  await manager.getOrCreate('news').broadcast('at once')
  expect((await reader.take(1, isNews))[0]?.data).toBe('at once')
  expect(reader.headers.get('content-encoding')).toBeNull()
})

test('stats() counts connections and the bytes of the history, which stays within its limit', async () => {
  const manager = new SseManager({ history: { maxEvents: 10 } })
  const news = manager.getOrCreate('news')
  const reader = await connect(createApp(manager), '/events')
  for (let i = 0; i < 100; i++) await news.broadcast('x'.repeat(1_000))
  await reader.until(({ events }) => events.filter(isNews).length === 100)
  expect(manager.stats().connections).toBe(1)
  // Ten events with their fields.
  expect(manager.stats().historyBytes).toBeGreaterThan(10_000)
  expect(manager.stats().historyBytes).toBeLessThan(11_000)
  reader.abort()
  await until(() => manager.stats().connections === 0)
})
