import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sse as expressSse } from '@ssekit/express-sse'
import { SseManager } from '@ssekit/sse-core'
import compression from 'compression'
import express from 'express'
import { until } from '../../sse-core/test/until.js'
import { compressingServers } from './clients/compressing-servers.js'
import { type Client, npmEventSource } from './clients/event-sources.js'

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

test.each(Object.entries(compressingServers))(
  'with %s each event arrives at once',
  async (_name, { encoding, make }) => {
    server = await make(manager)
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
    await until(() => manager.stats().connections === 0 && encodings.length > 0, 'the disconnect')
    expect(encodings).toEqual([encoding])
  },
)

test('with the default headers, the compression middleware does not compress a stream', async () => {
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
