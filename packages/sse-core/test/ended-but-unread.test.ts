import type { Server } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, type RawConnection, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

/** More than the socket buffers between server and client hold. */
const HUGE = 'x'.repeat(16 * 1024 * 1024)

interface Ending {
  readonly manager: SseManager
  readonly client: RawConnection
  readonly outcome: Promise<CloseReason>
  readonly server: Server
}

/** A stream whose source has ended, while its client has not yet read most of it. */
async function ending(key?: string): Promise<Ending> {
  const manager = new SseManager({ maxEventBytes: 2 * HUGE.length, maxConnections: 1 })
  let outcome: Promise<CloseReason> | undefined
  const source = async (connection: SseConnection): Promise<void> => {
    void connection.send(HUGE)
  }
  const server = await serve((req, res) => {
    const over = respond(req, res, source, { manager, key })
    outcome ??= over
  })
  const client = await exchange(server, get())
  await client.until(/retry/)
  client.socket.pause()
  await until(() => manager.stats().closed.end === 1, 'the source to end')
  return { manager, client, outcome: outcome as Promise<CloseReason>, server }
}

test('an ended stream that is not yet fully read counts for maxConnections, but not as an open connection', async () => {
  const { manager, client, outcome, server } = await ending()
  expect(manager.stats().connections).toBe(0)
  const next = await exchange(server, get())
  await next.until(/0\r\n\r\n$/)
  expect(manager.stats().closed).toEqual({ end: 1, limit: 1 })
  client.socket.resume()
  expect(await outcome).toBe('end')
  const last = await exchange(server, get())
  await last.until(/x{100}/)
  expect(manager.stats().closed.limit).toBe(1)
})

test('manager.close() waits until an ended stream is fully read', async () => {
  const { manager, client, outcome } = await ending()
  let isClosed = false
  const closing = manager.close({ graceMs: 30_000 }).then(() => {
    isClosed = true
  })
  for (let i = 0; i < 10; i++) await turn()
  expect(isClosed).toBe(false)
  client.socket.resume()
  await closing
  expect(await outcome).toBe('end')
  await client.until(/0\r\n\r\n$/)
})

test('manager.close() cuts an ended stream that is not fully read after graceMs', async () => {
  const { manager, client, outcome } = await ending()
  await manager.close({ graceMs: 20 })
  expect(await outcome).toBe('end')
  client.socket.resume()
  await until(() => client.socket.destroyed, 'the connection to be cut')
  expect(client.text().endsWith('0\r\n\r\n')).toBe(false)
})

test('stats().bytes counts the bytes of an ended stream once, before and after it is fully read', async () => {
  const { manager, client, outcome } = await ending()
  const { bytes } = manager.stats()
  expect(bytes).toBeGreaterThan(HUGE.length)
  client.socket.resume()
  await outcome
  expect(manager.stats().bytes).toBe(bytes)
})
