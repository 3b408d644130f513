import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { EventSourceMessage } from '@microsoft/fetch-event-source'
import { SseChannel } from '@ssekit/sse-core'
import { until } from '../../from-python/test/serving.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

// The package is made for browsers; this is all that it uses of one.
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

test('openWithFetch() posts with its headers, misses no event when it reconnects, and resolves after the end', async () => {
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

test('openWithFetch() resumes a stream that breaks off, and reports a gap', async () => {
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

test('openWithFetch() rejects after a 401 without a second request', async () => {
  server.answer = refusing(401)
  await expect(open()).rejects.toThrow('refused with 401')
  expect(server.requests).toHaveLength(1)
})

test('fetchEventSource() alone reports blocks without data, and does not reconnect after an end', async () => {
  const events: EventSourceMessage[] = []
  const reading = fetchEventSource(server.url, { onmessage: (event) => void events.push(event), openWhenHidden: true })
  // The first block sets the retry time, the second one is a checkpoint; the others are heartbeats.
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
