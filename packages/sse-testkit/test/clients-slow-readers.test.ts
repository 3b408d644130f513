import type { Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { until } from '../../sse-core/test/until.js'
import { type BareServer, startServer } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

/** How much a full socket may hold: one joined write, and one event. */
const ONE_WRITE = 64 * 1024
const EVENT = 16 * 1024
/** How many turns the event loop must take while a source always has a value. */
const TURNS = 20

let manager: SseManager
let server: BareServer
afterEach(async () => {
  await manager.close({ graceMs: 0 })
  await server.close()
})

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

test('a client that stalls costs the server no more memory than one write, however much is broadcast', async () => {
  manager = new SseManager()
  const news = manager.getOrCreate('news')
  let socket: Socket | undefined
  server = await startServer((req, res) => {
    socket = req.socket
    void respond(req, res, news, { manager })
  })
  const client = new RawClient(server.url)
  await client.opened()
  client.response?.pause()
  const data = 'x'.repeat(EVENT)
  let held = 0
  for (let n = 0; n < 2000; n++) {
    await news.broadcast(data)
    await turn()
    held = Math.max(held, socket?.writableLength ?? 0)
  }
  expect(socket?.writableNeedDrain).toBe(true)
  expect(held).toBeLessThanOrEqual(ONE_WRITE + EVENT)
  // The channel retains as much as it would without that client; it evicts a turn later.
  await turn()
  expect(manager.stats().historyBytes).toBeLessThanOrEqual(1024 * 1024)
  await client.leave()
})

test('a client that stalls during sends that are not awaited is disconnected as slow at maxBufferedBytes', async () => {
  const maxBufferedBytes = 256 * 1024
  manager = new SseManager({ maxBufferedBytes })
  let held = 0
  let reason: Promise<unknown> = Promise.resolve()
  const data = 'x'.repeat(EVENT)
  server = await startServer((req, res) => {
    reason = respond(
      req,
      res,
      async (connection: SseConnection) => {
        while (!connection.signal.aborted) {
          void connection.send(data)
          held = Math.max(held, req.socket.writableLength)
          await turn()
        }
      },
      { manager },
    )
  })
  const client = new RawClient(server.url)
  await client.opened()
  client.response?.pause()
  expect(await reason).toBe('slow')
  expect(held).toBeLessThanOrEqual(maxBufferedBytes)
  await client.leave()
})

test('a generator is not read faster than a slow client reads', async () => {
  manager = new SseManager()
  let asked = 0
  let isWaiting = false
  let heldWhenAsked = 0
  let socket: Socket | undefined
  server = await startServer((req, res) => {
    socket = req.socket
    const source = async function* () {
      for (;;) {
        asked += 1
        isWaiting = isWaiting || req.socket.writableNeedDrain
        heldWhenAsked = Math.max(heldWhenAsked, req.socket.writableLength)
        yield 'x'.repeat(EVENT)
      }
    }
    void respond(req, res, source(), { manager })
  })
  const client = new RawClient(server.url)
  await client.opened()
  client.response?.pause()
  // The sockets are full, which happens only if the generator is not read any further meanwhile.
  await until(async () => {
    const before = asked
    for (let n = 0; n < 50; n++) await turn()
    return isWaiting || (socket?.writableNeedDrain === true && asked === before)
  }, 'full sockets')
  expect(isWaiting).toBe(false)
  expect(heldWhenAsked).toBeLessThanOrEqual(ONE_WRITE)
  const before = asked
  client.response?.resume()
  await until(() => asked > before, 'the next value')
  await client.leave()
})

test.each([
  ['that all pass the filter', () => true],
  ['that all fail the filter', () => false],
])('an endless synchronous source of values %s does not block the event loop', async (_name, filter) => {
  manager = new SseManager()
  let turns = 0
  const source = function* () {
    // Not endless, so that a defect fails the test and does not hang it.
    for (let n = 0; turns < TURNS && n < 1_000_000; n++) yield 'x'
  }
  server = await startServer((req, res) => void respond(req, res, source(), { manager, filter }))
  const client = new RawClient(server.url)
  await client.opened()
  while (!client.isOver && turns < TURNS) {
    turns += 1
    await turn()
  }
  expect(turns).toBe(TURNS)
  await client.leave()
})
