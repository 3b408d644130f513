import { expect, test } from '@jest/globals'
import { connect, serve, until } from '../../from-python/test/serving.js'
import { app, manager } from '../src/better-sse.js'

test('a session gets its greeting, the count of sessions, and the events of its role; missed ticks are replayed', async () => {
  const ticks = `${await serve(app)}/ticks`
  const send = async () => (await fetch(ticks, { method: 'POST' })).json()
  const texts = ({ event, data }: { event: string; data: string }) => `${event} ${data.replace(/\d{9,}/, 'T')}`
  const isOwn = ({ event }: { event: string }) => !event.startsWith('sse-')

  const user = await connect(app, '/events')
  expect((await user.take(2, isOwn)).map(texts)).toEqual(['greeting "hello"', 'session-count 1'])
  const admin = await connect(app, '/events', { 'X-Role': 'admin' })
  expect((await admin.take(2, isOwn)).map(texts)).toEqual(['greeting "hello"', 'session-count 2'])
  expect(await send()).toEqual(['user', 'admin'])
  expect((await admin.take(2, isOwn)).map(texts)).toEqual(['tick {"at":T}', 'admin "admins only"'])
  expect((await user.take(2, isOwn)).map(texts)).toEqual(['session-count 2', 'tick {"at":T}'])

  user.abort()
  expect((await admin.take(1, isOwn)).map(texts)).toEqual(['session-count 1'])
  await send()
  const back = await connect(app, '/events', { 'Last-Event-ID': user.lastEventId })
  expect((await back.take(3, isOwn)).map(texts).sort()).toEqual([
    'greeting "hello"',
    'session-count 2',
    'tick {"at":T}',
  ])
  await send()
  expect((await back.take(1, isOwn)).map(texts)).toEqual(['tick {"at":T}'])
  expect(back.text).not.toContain('sse-gap')
  expect(back.text + user.text).not.toContain('admins only')
  await until(() => manager.stats().connections === 2)
})
