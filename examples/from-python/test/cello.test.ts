import { describe, expect, test } from '@jest/globals'
import { formatEvent, SseEvent, SseStream } from '@ssekit/sse-core'
import { event, hello, lines, notification, text } from '../src/cello/event.js'
import { announce, notifications, app as types } from '../src/cello/event-types.js'
import { app as handler } from '../src/cello/handler.js'
import { app as live, thermometer } from '../src/cello/live-stream.js'
import { app as retrying, slowDown } from '../src/cello/retry.js'
import { isEmpty, length, stream } from '../src/cello/stream.js'
import { connect, isNews, until } from './serving.js'

describe('an event', () => {
  test('has data, and may have a type, an id and a retry', () => {
    expect(event).toEqual({ data: 'Hello, world!', event: 'message', id: '1', retry: 3_000 })
  })

  test('can be made by factories', () => {
    expect(hello).toEqual({ data: 'Hello!' })
    expect(notification).toEqual({ event: 'notification', data: 'You have a new message' })
  })

  test('is written as id, event, retry and data, and then a blank line', () => {
    expect(text).toBe('id: 1\nevent: message\nretry: 3000\ndata: Hello, world!\n\n')
  })

  test('with several lines of data has a data field for each line', () => {
    expect(lines).toBe('data: line one\ndata: line two\n\n')
    expect(formatEvent(SseEvent.data('a\r\nb\rc\n'))).toBe('data: a\ndata: b\ndata: c\ndata: \n\n')
  })
})

describe('a stream', () => {
  test('counts the events that were added', () => {
    expect(length).toBe(5)
    expect(isEmpty).toBe(false)
    expect(new SseStream().isEmpty).toBe(true)
  })

  test('yields the events in the order in which they were added', async () => {
    stream.end()
    const events: SseEvent[] = []
    for await (const one of stream) events.push(one)
    expect(events).toEqual([
      { data: 'First event' },
      { data: 'Status update', event: 'status' },
      { data: 'Alert!', event: 'alert', id: '3' },
      { data: 'Simple data event' },
      { event: 'notification', data: 'New message received' },
    ])
    expect(stream.isEmpty).toBe(true)
  })

  test('that was filled before the response is sent with the headers of an event stream', async () => {
    const reader = await connect(handler, '/events')
    expect(reader.status).toBe(200)
    expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(reader.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(reader.headers.get('x-accel-buffering')).toBe('no')
    await reader.end()
    const [init, ...updates] = reader.events
    expect(init).toEqual({ event: 'init', data: '{"status":"connected"}', id: undefined })
    expect(updates.map(({ event, id, data }) => [event, id, JSON.parse(data).count])).toEqual(
      Array.from({ length: 10 }, (_, i) => ['update', String(i), i]),
    )
    expect(reader.retries).toEqual([2_000, 3_000])
  })

  test('sends events that are added during the response', async () => {
    const reader = await connect(live, '/temperature')
    thermometer.dispatchEvent(new Event('change'))
    await reader.take(1)
    thermometer.dispatchEvent(new Event('change'))
    expect((await reader.take(1))[0]?.event).toBe('change')
    reader.abort()
  })
})

describe('event types', () => {
  test('let a client tell events apart', async () => {
    const reader = await connect(types, '/notifications')
    const events = await reader.take(4)
    expect(events.map(({ event, data }) => [event, data])).toEqual([
      ['auth', 'User logged in'],
      ['order', 'New order #1234'],
      ['alert', 'Server CPU at 85%'],
      ['message', 'General update'],
    ])
  })

  test('of a typed channel are checked by the compiler together with their data', async () => {
    const reader = await connect(types, '/typed')
    await until(() => notifications.subscriberCount === 1)
    await announce()
    // @ts-expect-error an order has a number
    await notifications.broadcast({ event: 'order', data: 'none' })
    const events = await reader.take(4, isNews)
    expect(events.map(({ event, data }) => [event, data])).toEqual([
      ['auth', '{"user":"ada"}'],
      ['order', '{"number":1234}'],
      ['alert', 'Server CPU at 85%'],
      ['order', 'none'],
    ])
  })
})

test('a stream sends its retry first, and an event can change it later', async () => {
  const reader = await connect(retrying, '/events')
  await reader.take(1)
  expect(reader.text.startsWith('retry: 5000\n\n')).toBe(true)
  await slowDown()
  await reader.take(1, isNews)
  expect(reader.retries).toEqual([5_000, 30_000])
})
