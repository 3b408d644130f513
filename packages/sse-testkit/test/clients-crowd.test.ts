import { afterEach, expect, jest, test } from '@jest/globals'
import { respond, SseManager } from '@ssekit/sse-core'
import { Crowd } from './clients/crowd.js'
import { type BareServer, startServer } from './clients/one-source.js'
import { faultsOf } from './clients/resuming-reader.js'

// Two cores that are busy with other tests as well.
jest.setTimeout(60_000)

let manager: SseManager
let server: BareServer
let crowd: Crowd
afterEach(async () => {
  crowd.leave()
  await manager.close({ graceMs: 0 })
  await server.close()
  expect(manager.stats().connections).toBe(0)
})

test('readers that stall are cut as slow, come back, and are told of what they missed; the others miss nothing', async () => {
  manager = new SseManager({ history: { maxEvents: 10 }, writeTimeoutMs: 100 })
  const news = manager.getOrCreate('news')
  server = await startServer((req, res) => void respond(req, res, news, { manager }))
  crowd = new Crowd(20, server.url)
  const { readers } = crowd
  await new Promise<void>((resolve) => {
    news.on('subscribe', () => {
      if (news.subscriberCount === readers.length) resolve()
    })
  })
  await news.broadcast('0')
  await crowd.everybodyHas(0)
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
  await crowd.everybodyHas(number)
  expect(readers.flatMap(({ numbers }) => faultsOf(numbers, number))).toEqual([])
  for (const { numbers } of stalled) expect(numbers).toContain(null)
  for (const { numbers } of readers.slice(5)) expect(numbers).not.toContain(null)
  expect(manager.stats().closed.slow).toBe(stalled.length)
})
