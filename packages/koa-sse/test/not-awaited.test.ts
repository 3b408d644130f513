import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

test('a stream that the middleware neither returns nor awaits is left alone by Koa', async () => {
  const manager = new SseManager()
  const channel = manager.getOrCreate('news')
  const app = new Koa()
  app.use(sse({ manager }))
  app.use((ctx) => {
    void ctx.sse(channel)
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`)
  expect(response.status).toBe(200)
  await channel.broadcast('news')
  await manager.close()
  expect(await response.text()).toContain('data: news\n\n')
  server.close()
})
