import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { EventSourceMessage } from '@microsoft/fetch-event-source'
import { SseChannel } from '@ssekit/sse-core'
import { until } from '../../from-python/test/serving.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

// The package is for browsers; this is all that it takes from one.
const page = { hidden: false, addEventListener() {}, removeEventListener() {} }
Object.assign(globalThis, { window: globalThis, document: page })
const { fetchEventSource } = await import('@microsoft/fetch-event-source')
const { openWithFetch } = await import('../src/client/with-fetch.js')

let channel: SseChannel
let server: ChangingServer
let seen: string[]
let leaving: AbortController

beforeEach(async () => {
  channel = new SseChannel('news', { history: { maxEvents: 2 } })
  server = await serveChanging(streaming(channel, { heartbeatMs: 20 }))
  seen = []
  leaving = new AbortController()
})

afterEach(() => leaving.abort())

function open(): Promise<void> {
  return openWithFetch(server.url, {
    headers: { Authorization: 'Bearer token', 'Content-Type': 'application/json' },
    body: '{"topic":"news"}',
    onEvent: ({ event, data }) => void seen.push(`${event}: ${data}`),
    onGap: () => void seen.push('gap'),
    signal: leaving.signal,
  })
}

test('it posts with a header, misses nothing when it reconnects, and resolves when the channel has ended', async () => {
  const reading = open()
  await until(() => channel.subscriberCount === 1)
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  server.answer = refusing(503)
  server.cut()
  await until(() => server.requests.length > 2)
  await channel.broadcast('two')
  server.answer = streaming(channel)
  await until(() => seen.length === 2)
  await channel.end({ event: 'done', data: '' })
  await reading
  expect(seen).toEqual([': one', ': two', 'done: '])
  for (const { method, headers } of server.requests) {
    expect([method, headers.authorization]).toEqual(['POST', 'Bearer token'])
  }
})

test('a stream that ends is resumed, and a gap is reported', async () => {
  const reading = open()
  await until(() => channel.subscriberCount === 1)
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  server.answer = refusing(503)
  server.cut()
  await until(() => server.requests.length > 2)
  for (const data of ['two', 'three', 'four']) await channel.broadcast(data)
  server.answer = streaming(channel)
  await until(() => seen.length === 4)
  expect(seen).toEqual([': one', 'gap', ': three', ': four'])
  leaving.abort()
  await reading
})

test('an answer that is final rejects, and is requested once', async () => {
  server.answer = refusing(401)
  await expect(open()).rejects.toThrow('refused with 401')
  expect(server.requests).toHaveLength(1)
})

test('by itself it reports blocks without data, and takes an end for final', async () => {
  const events: EventSourceMessage[] = []
  const reading = fetchEventSource(server.url, { onmessage: (event) => void events.push(event), openWhenHidden: true })
  // What comes first moves the retry time, then the place of the client; then there are heartbeats.
  await until(() => events.length >= 4)
  expect(events.slice(0, 4).map(({ event, data }) => [event, data])).toEqual([
    ['', ''],
    ['sse-checkpoint', ''],
    ['', ''],
    ['', ''],
  ])
  await channel.end('last')
  await reading
  expect(server.requests).toHaveLength(1)
})
