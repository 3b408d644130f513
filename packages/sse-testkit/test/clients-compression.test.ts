import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import compressFastify from '@fastify/compress'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sse as expressSse } from '@ssekit/express-sse'
import { sse as fastifySse } from '@ssekit/fastify-sse'
import { sse as koaSse } from '@ssekit/koa-sse'
import { SseManager } from '@ssekit/sse-core'
import compression from 'compression'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import compressKoa from 'koa-compress'
import { type Client, npmEventSource } from './clients/event-sources.js'

// Without `no-transform` compression is allowed, and compresses; with it, it would keep away and there is nothing to see.
const options = { headers: { 'Cache-Control': 'no-cache' } }

let manager: SseManager
let server: Server
let client: Client
beforeEach(() => {
  manager = new SseManager()
  client = npmEventSource()
})
afterEach(async () => {
  await client.close()
  await manager.close()
  const closed = once(server, 'close')
  server.close()
  await closed
})

const servers: Record<string, { encoding: string | undefined; make: () => Server | Promise<Server> }> = {
  'compression on Express 5': {
    encoding: 'gzip',
    make: () => {
      const app = express()
      app.use(compression({ threshold: 0 }), expressSse({ manager }))
      app.get('/events', (_req, res) => res.sse(manager.getOrCreate('news'), options))
      return createServer(app)
    },
  },
  'compression on Express 4': {
    encoding: 'gzip',
    make: () => {
      const app = express4()
      app.use(compression({ threshold: 0 }), expressSse({ manager }))
      app.get('/events', (_req, res) => void res.sse(manager.getOrCreate('news'), options))
      return createServer(app)
    },
  },
  // These two compress what the framework sends, and a stream is not sent by it.
  'koa-compress': {
    encoding: undefined,
    make: () => {
      const app = new Koa()
      app.use(compressKoa({ threshold: 0 }))
      app.use(koaSse({ manager }))
      app.use((ctx) => ctx.sse(manager.getOrCreate('news'), options))
      return createServer(app.callback())
    },
  },
  '@fastify/compress': {
    encoding: undefined,
    make: async () => {
      const app = Fastify()
      await app.register(compressFastify, { threshold: 0 })
      await app.register(fastifySse, { manager })
      app.get('/events', (_request, reply) => reply.sse(manager.getOrCreate('news'), options))
      await app.ready()
      return app.server
    },
  },
}
test.each(Object.entries(servers))('through %s each event arrives at once', async (_name, { encoding, make }) => {
  server = await make()
  let encodings: (string | undefined)[] = []
  server.prependListener('request', (_req, res) => {
    res.on('close', () => {
      encodings = [...encodings, res.getHeader('Content-Encoding')?.toString()]
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const news = manager.getOrCreate('news')
  const stream = await client.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`)
  await stream.until(({ opens }) => opens === 1)
  for (const number of [1, 2, 3]) {
    await news.broadcast(`event ${number}`)
    await stream.until(({ data }) => data.length === number)
  }
  expect(stream.data).toEqual(['event 1', 'event 2', 'event 3'])
  await stream.close()
  while (manager.stats().connections > 0) await new Promise((resolve) => setImmediate(resolve))
  expect(encodings).toEqual([encoding])
})

test('with the default headers compression keeps away', async () => {
  const app = express()
  app.use(compression({ threshold: 0 }), expressSse({ manager }))
  app.get('/events', (_req, res) => res.sse(['one']))
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/events`, { headers: { 'Accept-Encoding': 'gzip' } })
  expect(response.headers.get('content-encoding')).toBeNull()
  expect(await response.text()).toContain('data: one\n\n')
})
