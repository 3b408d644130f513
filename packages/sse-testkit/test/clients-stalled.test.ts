import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { Crowd } from './clients/crowd.js'
import { type BareServer, startServer } from './clients/one-source.js'
import { faultsOf } from './clients/resuming-reader.js'

let manager: SseManager
let server: BareServer
let crowds: Crowd[] = []
afterEach(async () => {
  for (const crowd of crowds) crowd.leave()
  crowds = []
  await manager.close({ graceMs: 0 })
  await server.close()
  expect(manager.stats().connections).toBe(0)
})

test('clients that stall are disconnected as slow, reconnect and get a gap, and other clients miss nothing', async () => {
  manager = new SseManager({ history: { maxEvents: 10 }, writeTimeoutMs: 100 })
  const news = manager.getOrCreate('news')
  let cut = 0
  server = await startServer((req, res) => {
    const onClose = (reason: CloseReason): void => {
      if (req.url === '/stalling' && reason === 'slow') cut += 1
    }
    void respond(req, res, news, { manager, onClose })
  })
  const everybody = new Promise<void>((resolve) => {
    news.on('subscribe', () => {
      if (news.subscriberCount === 20) resolve()
    })
  })
  const [stalling, reading] = [new Crowd(5, `${server.url}stalling`), new Crowd(15, server.url)]
  crowds = [stalling, reading]
  await everybody
  let number = -1
  /** One by one: a history of ten is then enough for the clients that read, even if a busy machine cuts them as slow. */
  const broadcast = async (padding: string): Promise<void> => {
    number += 1
    await news.broadcast(`${number}${padding}`)
    await reading.everybodyHas(number)
  }
  await broadcast('')
  await stalling.everybodyHas(number)
  stalling.pause()
  // Until the sockets are full and all five have been disconnected as slow.
  while (cut < stalling.readers.length) await broadcast(' '.repeat(100_000))
  // They have what their sockets accepted; the following events evict the rest from the history.
  for (let n = 0; n < 20; n++) await broadcast('')
  stalling.resume()
  await stalling.everybodyHas(number)
  for (const { readers } of crowds) expect(readers.flatMap(({ numbers }) => faultsOf(numbers, number))).toEqual([])
  for (const { numbers } of stalling.readers) expect(numbers).toContain(null)
  expect(reading.gaps).toBe(0)
})
