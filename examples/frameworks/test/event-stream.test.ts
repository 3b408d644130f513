import { beforeEach, expect, test } from '@jest/globals'
import { type SseChannel, SseManager } from '@ssekit/sse-core'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import { until } from '../../from-python/test/serving.js'
import { eventStream } from '../src/event-stream.js'

let manager: SseManager
let channel: SseChannel

beforeEach(() => {
  manager = new SseManager({ maxConnections: 1 })
  channel = manager.getOrCreate('news')
})

function request(lastEventId?: string): Request {
  return new Request('http://localhost/', {
    headers: lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId },
  })
}

function read(lastEventId?: string): Promise<EventReader> {
  return readEvents(eventStream(request(lastEventId), channel))
}

test('an id that is not known any more is answered with a gap, and with all that is retained', async () => {
  await channel.broadcast('one')
  const reader = await read('unknown')
  const [gap, event] = await reader.take(2)
  expect([gap?.event, event?.data]).toEqual(['sse-gap', 'one'])
  reader.abort()
})

test('when a client disconnects, its subscription is released', async () => {
  const reader = await read()
  await until(() => channel.subscriberCount === 1)
  reader.abort()
  await until(() => channel.subscriberCount === 0)
})

test('the manager does not know these streams: it neither counts, nor limits, nor ends them', async () => {
  const readers = [await read(), await read()]
  await until(() => channel.subscriberCount === 2)
  expect(manager.stats().connections).toBe(0)
  expect(channel.listConnections()).toEqual([])
  expect(manager.disconnect(() => true)).toBe(0)
  for (const reader of readers) reader.abort()
})

test('a client has no id before its first event, and so misses what is sent while it reconnects', async () => {
  await channel.broadcast('before')
  const reader = await read()
  await until(() => channel.subscriberCount === 1)
  expect(reader.events).toEqual([])
  reader.abort()
  await channel.broadcast('missed')
  const back = await read(reader.lastEventId === '' ? undefined : reader.lastEventId)
  await until(() => channel.subscriberCount === 1)
  await channel.broadcast('next')
  expect((await back.take(1)).map(({ data }) => data)).toEqual(['next'])
  back.abort()
})

test('a channel that has ended is answered with an empty stream, not with a 204', async () => {
  const id = await channel.broadcast('last')
  await channel.end()
  const response = eventStream(request(id), channel)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('retry: 2000\n\n')
})
