import { describe, expect, test } from '@jest/globals'
import { hurry } from './hurry.js'
import { connect, isNews, nextData, serve } from './serving.js'

hurry()
const { app: auth, manager, revoke } = await import('../src/cello/auth.js')
const { app: dashboard } = await import('../src/cello/dashboard.js')
const { app: deploy, deploys } = await import('../src/cello/deploy.js')
const { app: feed, news } = await import('../src/cello/feed.js')
const { app: newsFeed, articles } = await import('../src/cello/news.js')

describe('a feed with its own store', () => {
  test.each([
    ['empty', '', ['0', '1', '2', '3', '4']],
    ['an id', '2', ['3', '4']],
    ['the newest id', '4', []],
    ['an invalid id', '\u0001x', ['0', '1', '2', '3', '4']],
  ])('resumes when the last event id is %s', async (_name, lastEventId, ids) => {
    const reader = await connect(feed, `/feed?lastEventId=${encodeURIComponent(lastEventId)}`)
    await reader.end()
    expect(reader.events.map(({ id }) => id)).toEqual(ids)
  })

  test('resumes after the id in the Last-Event-ID header', async () => {
    const reader = await connect(feed, '/feed', { 'Last-Event-ID': '3' })
    await reader.end()
    expect(reader.events).toEqual([{ event: 'entry', id: '4', data: '{"number":4}' }])
  })

  test('of articles sends only articles after the id, and a retry of ten seconds', async () => {
    articles.push(...[1, 2].map((id) => ({ id, title: `No. ${id}`, summary: '', url: `/news/${id}` })))
    const first = await connect(newsFeed, '/news/stream')
    await first.end()
    expect(first.retries).toEqual([10_000])
    expect(first.events[1]).toEqual({
      event: 'article',
      id: '2',
      data: '{"title":"No. 2","summary":"","url":"/news/2"}',
    })
    articles.push({ id: 3, title: 'No. 3', summary: '', url: '/news/3' })
    const second = await connect(newsFeed, '/news/stream', { 'Last-Event-ID': first.lastEventId })
    await second.end()
    expect(second.events.map(({ id }) => id)).toEqual(['3'])
  })
})

test('a channel resumes after Last-Event-ID without a lost or repeated event', async () => {
  const before = await connect(feed, '/live')
  await news.broadcast('one')
  expect(await nextData(before, 1)).toEqual(['one'])
  before.abort()
  await news.broadcast('two')
  const after = await connect(feed, '/live', { 'Last-Event-ID': before.lastEventId })
  await news.broadcast('three')
  expect(await nextData(after, 2)).toEqual(['two', 'three'])
})

test('the dashboard stream sends its configuration, then sixty metrics, one per second', async () => {
  const reader = await connect(dashboard, '/dashboard/stream')
  await reader.end()
  expect(reader.events[0]).toEqual({ event: 'config', id: undefined, data: '{"interval":1000}' })
  expect(reader.events.slice(1).map(({ event, id }) => [event, id])).toEqual(
    Array.from({ length: 60 }, (_, i) => ['metrics', String(i)]),
  )
  const { memory } = JSON.parse(reader.events[1]?.data ?? '')
  expect(memory).toBeGreaterThan(0)
  expect(memory).toBeLessThan(1)
})

describe('a deploy', () => {
  test('sends every client all its steps and then done, whenever the client connects', async () => {
    const url = await serve(deploy)
    expect((await fetch(`${url}/deploy/7/progress`)).status).toBe(404)
    await fetch(`${url}/deploy/7`, { method: 'POST' })
    const early = await connect(deploy, '/deploy/7/progress')
    await early.end()
    const late = await connect(deploy, '/deploy/7/progress')
    await late.end()
    const steps = ['build', 'test', 'upload', 'switch'].map((step, i) =>
      JSON.stringify({ step, status: 'done', progress: 25 * (i + 1) }),
    )
    for (const reader of [early, late]) {
      const events = reader.events.filter(isNews)
      expect(events.map(({ data }) => data)).toEqual([...steps, '{"status":"complete"}'])
      expect(events.at(-1)?.event).toBe('done')
    }
    // A client that has read it to its end and reconnects gets 204, which stops it.
    const back = await fetch(`${url}/deploy/7/progress`, { headers: { 'Last-Event-ID': early.lastEventId } })
    expect(back.status).toBe(204)
    deploys.clear()
  })

  test('that is posted again gets 409, also after its end, and its readers see each step once', async () => {
    const url = await serve(deploy)
    const post = async () => (await fetch(`${url}/deploy/8`, { method: 'POST' })).status
    expect([await post(), await post()]).toEqual([202, 409])
    const reader = await connect(deploy, '/deploy/8/progress')
    await reader.end()
    expect(reader.events.filter(({ event }) => event === 'progress')).toHaveLength(4)
    expect(await post()).toBe(409)
    deploys.clear()
  })
})

describe('a stream that needs a token', () => {
  test.each(['', '?token=', '?token=wrong'])('answers 401 to the query %j', async (query) => {
    const response = await fetch(`${await serve(auth)}/events${query}`)
    expect(response.status).toBe(401)
    expect(await response.json()).toEqual({ error: 'Unauthorized' })
  })

  test('streams to a client with a valid token until the token is revoked', async () => {
    const reader = await connect(auth, '/events?token=secret')
    await manager.getOrCreate('events').broadcast('for your eyes')
    expect(await nextData(reader, 1)).toEqual(['for your eyes'])
    expect(revoke('secret')).toBe(1)
    expect(await reader.end()).toBe('complete')
    expect((await fetch(`${await serve(auth)}/events?token=secret`)).status).toBe(401)
  })
})
