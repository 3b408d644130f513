import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/express-sse'
import { readEvents } from '@ssekit/sse-testkit'
import express from 'express'

test('a client that reconnects gets the events it missed', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const app = express().use(sse({ manager }))
  app.get('/news', (_req, res) => res.sse(news))
  const server = app.listen(0)
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`

  const reader = await readEvents(url)
  await news.broadcast({ event: 'order', data: { n: 1 } })
  const [order] = await reader.take(1, ({ event }) => event === 'order')
  expect(order).toMatchObject({ data: '{"n":1}' })
  reader.abort() // a closed tab

  await news.broadcast('missed')
  const back = await readEvents(url, { headers: { 'last-event-id': reader.lastEventId } })
  expect(await back.take(1)).toMatchObject([{ data: 'missed' }])

  await manager.close()
  server.close()
  server.closeAllConnections() // fetch opens connections in advance
})
