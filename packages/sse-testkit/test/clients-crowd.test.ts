import { afterEach, expect, jest, test } from '@jest/globals'
import { respond, type SseChannel, SseManager } from '@ssekit/sse-core'
import { type BareServer, startServer } from './clients/one-source.js'
import { faultsOf, ResumingReader } from './clients/resuming-reader.js'

// Two cores that are busy with other tests as well.
jest.setTimeout(60_000)

let manager: SseManager
let server: BareServer
let readers: ResumingReader[] = []
afterEach(async () => {
  for (const reader of readers) reader.leave()
  readers = []
  await manager.close({ graceMs: 0 })
  await server.close()
  expect(manager.stats().connections).toBe(0)
})

/**
 * Opens a crowd of readers of a channel. Resolves, once all are there, to a wait for the moment when all have read a number.
 */
async function crowd(size: number, channel: SseChannel): Promise<(number: number) => Promise<void>> {
  const waiting = new Set<ResumingReader>()
  let target: number | undefined
  let settle: () => void = () => {}
  const onRead = (reader: ResumingReader) => {
    if (reader.numbers.at(-1) === target && waiting.delete(reader) && waiting.size === 0) settle()
  }
  await new Promise<void>((resolve) => {
    channel.on('subscribe', () => {
      if (channel.subscriberCount === size) resolve()
    })
    readers = Array.from({ length: size }, () => new ResumingReader(server.url, onRead))
  })
  return (number) =>
    new Promise((resolve) => {
      target = number
      settle = resolve
      for (const reader of readers) waiting.add(reader)
      for (const reader of readers) onRead(reader)
    })
}

function pick<T>(among: readonly T[]): T {
  return among[Math.floor(Math.random() * among.length)] as T
}

test('two hundred clients, cut at random under 200 events a second, get each event once or are told of the gap', async () => {
  manager = new SseManager({ history: { maxEvents: 60 } })
  const news = manager.getOrCreate('news')
  server = await startServer((req, res) => void respond(req, res, news, { manager }))
  const everybodyHas = await crowd(200, news)
  await news.broadcast('0')
  await everybodyHas(0)
  const last = 500
  for (let number = 1; number <= last; number++) {
    await news.broadcast(String(number))
    for (let n = 0; n < 3; n++) pick(readers).cut()
    // Some stay away until the history has rolled over what they have.
    if (number % 5 === 0) pick(readers).cut(number < last / 2 ? 700 : 50)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await everybodyHas(last)
  expect(readers.flatMap(({ numbers }) => faultsOf(numbers, last))).toEqual([])
  expect(readers.some(({ numbers }) => numbers.includes(null))).toBe(true)
  expect(readers.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(1000)
})

test('readers that stall are cut as slow, come back, and are told of what they missed; the others miss nothing', async () => {
  manager = new SseManager({ history: { maxEvents: 10 }, writeTimeoutMs: 100 })
  const news = manager.getOrCreate('news')
  server = await startServer((req, res) => void respond(req, res, news, { manager }))
  const everybodyHas = await crowd(20, news)
  await news.broadcast('0')
  await everybodyHas(0)
  const stalled = readers.slice(0, 5)
  for (const reader of stalled) reader.pause()
  const padding = ' '.repeat(100_000)
  let number = 0
  // Until the sockets are full and the time is over for all five.
  while ((manager.stats().closed.slow ?? 0) < stalled.length) {
    number += 1
    await news.broadcast(`${number}${padding}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  // They have what their sockets took; what comes now rolls the history over that.
  for (let n = 0; n < 20; n++) {
    number += 1
    await news.broadcast(String(number))
  }
  await new Promise((resolve) => setImmediate(resolve))
  for (const reader of stalled) reader.resume()
  await everybodyHas(number)
  expect(readers.flatMap(({ numbers }) => faultsOf(numbers, number))).toEqual([])
  for (const { numbers } of stalled) expect(numbers).toContain(null)
  for (const { numbers } of readers.slice(5)) expect(numbers).not.toContain(null)
  expect(manager.stats().closed.slow).toBe(stalled.length)
})
