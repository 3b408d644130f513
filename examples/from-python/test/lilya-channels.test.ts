import { describe, expect, test } from '@jest/globals'
import { SseChannel, type SseEvent } from '@ssekit/sse-core'
import { hurry } from './hurry.js'
import { connect, isNews, nextData, serve, until } from './serving.js'

hurry()
const { app: basic, notifications } = await import('../src/lilya/basic.js')
const { announce, channel, follow } = await import('../src/lilya/channel.js')
const { app: responses } = await import('../src/lilya/event-stream-response.js')
const { app: notify } = await import('../src/lilya/notify.js')
const { app: jobs } = await import('../src/lilya/job-progress.js')
const { app: rooms, manager: roomManager } = await import('../src/lilya/rooms.js')
const { app: filtered, orders } = await import('../src/lilya/filter.js')

describe('a channel', () => {
  test('sends the event that /send broadcasts to every client of /events', async () => {
    const tabs = await Promise.all([connect(basic, '/events'), connect(basic, '/events')])
    const response = await fetch(`${await serve(basic)}/send`)
    expect(await response.json()).toEqual({ sent: true })
    for (const tab of tabs) {
      const [event] = await tab.take(1, isNews)
      expect(event).toMatchObject({ event: 'notice', data: 'Hello, world!' })
    }
  })

  test('has the name that it was given', () => {
    expect(notifications.name).toBe('notifications')
  })

  test('gives every listener each event, and removes a listener that stops', async () => {
    const heard: SseEvent[][] = [[], []]
    const stops = heard.map(() => new AbortController())
    const over = heard.map((events, i) => follow((event) => events.push(event), (stops[i] as AbortController).signal))
    const id = await announce()
    await until(() => heard.every((events) => events.length === 1))
    for (const [event] of heard) expect(event).toEqual({ event: 'message', data: 'New update!', id })
    expect(channel.subscriberCount).toBe(2)
    for (const stop of stops) stop.abort()
    await Promise.all(over)
    expect(channel.subscriberCount).toBe(0)
  })

  test('broadcasts text and events, and rejects other values', async () => {
    const any = new SseChannel('any')
    const events = any.listen()[Symbol.asyncIterator]()
    await any.broadcast('text')
    expect((await events.next()).value).toMatchObject({ data: 'text' })
    const number: unknown = 7
    await expect(any.broadcast(number as string)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
  })

  test('delivers every event in order while other listeners start and stop', async () => {
    const busy = new SseChannel('busy')
    const staying = busy.listen()[Symbol.asyncIterator]()
    for (let i = 0; i < 20; i++) {
      const leaving = busy.listen()[Symbol.asyncIterator]()
      const first = leaving.next()
      await busy.broadcast(String(i))
      await first
      await leaving.return?.()
    }
    for (let i = 0; i < 20; i++) expect((await staying.next()).value).toMatchObject({ data: String(i) })
    expect(busy.subscriberCount).toBe(1)
  })
})

describe('a response', () => {
  test.each(['/ticks', '/sync-ticks'])(
    'streams what the generator of %s yields, and ends when the generator does',
    async (path) => {
      const reader = await connect(responses, path)
      expect(reader.headers.get('content-type')).toMatch('text/event-stream')
      expect(await reader.end()).toBe('complete')
      expect(reader.events).toEqual(['0', '1', '2'].map((data) => ({ event: 'tick', data, id: undefined })))
    },
  )

  test('writes id, event, retry and comment, sends objects and arrays as JSON, and sends its own retry once', async () => {
    const reader = await connect(responses, '/fields')
    await reader.end()
    expect(reader.events).toEqual([
      { event: 'user', id: '7', data: '{"name":"Zoë","tags":["a","b"]}' },
      { event: 'message', id: undefined, data: 'plain text' },
      { event: 'message', id: undefined, data: '["a","list"]' },
    ])
    expect(reader.comments).toEqual(['clients do not see this'])
    expect(reader.retries).toEqual([10_000, 5_000])
  })
})

describe('a route', () => {
  test('can send an alert to all clients of a channel', async () => {
    const reader = await connect(notify, '/events')
    const response = await fetch(`${await serve(notify)}/notify`)
    expect(await response.json()).toEqual({ status: 'notified' })
    expect(await reader.take(1, isNews)).toMatchObject([{ event: 'alert', data: 'You have a new message' }])
  })

  test('can start a job that reports its steps; a page that is reloaded during the job misses none', async () => {
    const before = await connect(jobs, '/job/status')
    const started = await fetch(`${await serve(jobs)}/job`, { method: 'POST' })
    expect(started.status).toBe(202)
    await nextData(before, 40)
    const { lastEventId } = before
    const seen = before.events.filter(isNews).map(({ data }) => data)
    before.abort()
    const after = await connect(jobs, '/job/status', { 'Last-Event-ID': lastEventId })
    seen.push(...(await nextData(after, 100 - seen.length)))
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => String(i)))
  })

  test('has a channel for each room in the path', async () => {
    const [red, blue] = await Promise.all([connect(rooms, '/events/red'), connect(rooms, '/events/blue')])
    const url = await serve(rooms)
    for (const room of ['red', 'blue']) await fetch(`${url}/events/${room}?text=${room}`, { method: 'POST' })
    expect(await nextData(red, 1)).toEqual(['red'])
    expect(await nextData(blue, 1)).toEqual(['blue'])
    expect(roomManager.listChannels()).toEqual(expect.arrayContaining(['room:red', 'room:blue']))
    expect(red.events.filter(isNews)).toHaveLength(1)
  })

  test('with a filter on a shared channel sends each customer their own events, live and replayed', async () => {
    const ada = { Cookie: 'session=s1' }
    const start = await connect(filtered, '/orders', ada)
    const [checkpoint] = await start.take(1)
    for (const customer of ['bob', 'ada', 'bob']) {
      await orders.broadcast({ event: 'order', data: { customer, total: 1 } })
    }
    const replay = await connect(filtered, '/orders', { ...ada, 'Last-Event-ID': checkpoint?.id ?? '' })
    for (const reader of [start, replay]) {
      await orders.broadcast({ event: 'order', data: { customer: 'ada', total: 2 } })
      const seen = (await reader.take(2, isNews)).map(({ data }) => JSON.parse(data))
      expect(seen).toEqual([
        { customer: 'ada', total: 1 },
        { customer: 'ada', total: 2 },
      ])
      expect(reader.text).not.toContain('bob')
    }
  })

  test.each([{}, { Cookie: 'session=ada' }])(
    'with a filter on a shared channel refuses requests without a valid session, as with %j',
    async (headers) => {
      for (const path of ['/orders', '/orders?customer=ada', '/orders/ada']) {
        const { status } = await fetch(`${await serve(filtered)}${path}`, { headers })
        expect([path, status]).toEqual([path, path === '/orders/ada' ? 404 : 401])
      }
    },
  )

  test('a room whose name is too long is answered with 404, and no channel is created for it', async () => {
    expect((await connect(rooms, `/events/${'x'.repeat(65)}`)).status).toBe(404)
    expect(roomManager.listChannels().filter((name) => name.includes('xxx'))).toEqual([])
    expect((await connect(rooms, `/events/${'x'.repeat(64)}`)).status).toBe(200)
  })

  test('answers 404 to a message for an unknown room, and refuses a room over the limit with a retry time', async () => {
    const url = await serve(rooms)
    expect((await fetch(`${url}/events/nobody?text=hello`, { method: 'POST' })).status).toBe(404)
    expect(roomManager.listChannels()).not.toContain('room:nobody')

    roomManager.clear()
    // A room that holds no event would make room for a new one.
    for (let i = 0; i < 1_000; i++) await roomManager.getOrCreate(`room:${i}`).broadcast('news')
    const reader = await connect(rooms, '/events/late')
    expect(reader.status).toBe(200)
    expect(await reader.end()).toBe('complete')
    expect(reader.retries).toEqual([2_000, 30_000])
    roomManager.clear()
  })
})
