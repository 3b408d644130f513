import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/express-sse'
import { readEvents } from '@ssekit/sse-testkit'
import express from 'express'

let manager: SseManager
let server: Server

beforeEach(async () => {
  manager = new SseManager()
  const app = express().use(sse({ manager }))
  app.get('/news', (_req, res) => res.sse(manager.getOrCreate('news')))
  server = app.listen(0)
  await once(server, 'listening')
})

// Not at the end of the test: if that fails, its streams would keep the process alive.
afterEach(async () => {
  await manager.close()
  server.close()
  server.closeAllConnections() // fetch opens connections in advance
})

test('a client that reconnects gets the events it missed', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`
  const news = manager.getOrCreate('news')

  const reader = await readEvents(url)
  await news.broadcast({ event: 'order', data: { n: 1 } })
  const order = await reader.next(({ event }) => event === 'order')
  expect(order).toMatchObject({ data: '{"n":1}' })
  reader.abort() // a closed tab

  await news.broadcast('missed')
  const back = await readEvents(url, { headers: { 'last-event-id': reader.lastEventId } })
  expect(await back.next()).toMatchObject({ data: 'missed' })
})
