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

test('eventStream() sends a client with an unknown id an sse-gap, then every retained event', async () => {
  await channel.broadcast('one')
  const reader = await read('unknown')
  const [gap, event] = await reader.take(2)
  expect([gap?.event, event?.data]).toEqual(['sse-gap', 'one'])
  reader.abort()
})

test('eventStream() releases its subscription when the client disconnects', async () => {
  const reader = await read()
  await until(() => channel.subscriberCount === 1)
  reader.abort()
  await until(() => channel.subscriberCount === 0)
})

test('the manager does not count, limit or disconnect streams of eventStream()', async () => {
  const readers = [await read(), await read()]
  await until(() => channel.subscriberCount === 2)
  expect(manager.stats().connections).toBe(0)
  expect(channel.listConnections()).toEqual([])
  expect(manager.disconnect(() => true)).toBe(0)
  for (const reader of readers) reader.abort()
})

test('a client of eventStream() that has no event yet has no id, and misses events while it reconnects', async () => {
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

test('eventStream() answers with an empty stream, not with 204, if the channel has ended', async () => {
  const id = await channel.broadcast('last')
  await channel.end()
  const response = eventStream(request(id), channel)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('retry: 2000\n\n')
})
