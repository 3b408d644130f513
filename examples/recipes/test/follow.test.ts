import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { hurry } from '../../from-python/test/hurry.js'
import { until } from '../../from-python/test/serving.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

hurry()
const { follow } = await import('../src/client/follow.js')

let folder: string
let idFile: string
let channel: SseChannel
let server: ChangingServer
let stopping: AbortController
let seen: string[]
let following: Promise<void>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ssekit-follow-'))
  idFile = join(folder, 'last-event-id')
  channel = new SseChannel('news', { history: { maxEvents: 2 } })
  server = await serveChanging(streaming(channel))
  stopping = new AbortController()
  seen = []
  start()
  await until(() => channel.subscriberCount === 1)
})

afterEach(async () => {
  stopping.abort()
  await following.catch(() => {})
  await rm(folder, { recursive: true })
})

/** Follows the stream until `stop()`, like a process that uses `follow()`. */
function start(onEvent = (data: string): void => void seen.push(data)): void {
  following = follow(server.url, {
    idFile,
    onEvent: ({ event = 'message', data }) => onEvent(`${event}: ${data}`),
    onGap: ({ oldestId }) => void seen.push(`gap before ${oldestId?.split('.').at(-1)}`),
    signal: stopping.signal,
  })
  following.catch(() => {})
}

async function stop(): Promise<void> {
  stopping.abort()
  await following
  await until(() => channel.subscriberCount === 0)
  stopping = new AbortController()
}

test('follow() in a new process resumes at the id that the last process has stored', async () => {
  await channel.broadcast({ event: 'order', data: 'one' })
  await until(() => seen.length === 1)
  await stop()
  await channel.broadcast('two')
  start()
  await until(() => seen.length === 2)
  expect(seen).toEqual(['order: one', 'message: two'])
})

test('follow() without a stored id starts at the newest position, and stores the id of its first event', async () => {
  await until(() => server.requests.length === 1)
  await channel.broadcast('first')
  await until(() => seen.length === 1)
  await stop()
  expect(await readFile(idFile, 'utf8')).toBe(channel.lastEventId)
  expect(seen).toEqual(['message: first'])
})

test('follow() rejects and disconnects if onEvent throws, and receives that event again next time', async () => {
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  await stop()
  start(() => {
    throw new Error('the disk is full')
  })
  await until(() => channel.subscriberCount === 1)
  await channel.broadcast('two')
  await expect(following).rejects.toThrow('the disk is full')
  await until(() => channel.subscriberCount === 0)
  start()
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'message: two'])
})

test('follow() reconnects after the server cuts it off or answers 503, and misses no event', async () => {
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  server.answer = refusing(503)
  server.cut()
  await until(() => server.requests.length === 3)
  await channel.broadcast('two')
  server.answer = streaming(channel)
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'message: two'])
})

test('follow() reports a gap once, and not as an event', async () => {
  await channel.broadcast('1')
  await until(() => seen.length === 1)
  await stop()
  for (const data of ['2', '3', '4', '5']) await channel.broadcast(data)
  start()
  await until(() => seen.length === 4)
  await stop()
  start()
  await until(() => channel.subscriberCount === 1)
  await channel.broadcast('6')
  await until(() => seen.length === 5)
  expect(seen).toEqual(['message: 1', 'gap before 4', 'message: 4', 'message: 5', 'message: 6'])
})

test('follow() resolves when the channel has ended', async () => {
  await channel.end('last')
  await following
  expect(seen).toEqual(['message: last'])
})

test('follow() rejects when the server answers 401', async () => {
  server.answer = refusing(401)
  server.cut()
  await expect(following).rejects.toThrow('answered 401')
})
