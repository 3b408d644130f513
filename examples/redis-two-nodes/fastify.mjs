// The other node: the same in Fastify, and with the other Redis client, since nobody needs to agree on either.
import { readFile } from 'node:fs/promises'
import sse, { SseManager } from '@ssekit/fastify-sse'
import { redisBackplane } from '@ssekit/sse-redis'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = 3002 } = process.env
const page = await readFile(new URL('page.html', import.meta.url), 'utf8')

const client = new Redis(REDIS_URL)
client.on('error', (error) => console.error('fastify:', String(error)))
const backplane = redisBackplane({ client })
const manager = new SseManager({ backplane })

// Otherwise Fastify answers who asks while it closes with 503, on which an EventSource gives up for good.
const app = Fastify({ return503OnClosing: false })
await app.register(sse, { manager })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
app.get('/events', (_request, reply) => {
  // For the page, which shows who serves it.
  reply.header('Set-Cookie', `node=fastify.${process.pid}; Path=/`)
  return reply.sse(manager.getOrCreate('news'))
})
// For the page's buttons. Either node may be asked to kill either: it is the launcher who does it.
app.post('/kill/:node', async (request) => process.send?.({ kill: request.params }))
await app.listen({ port: Number(PORT), host: '127.0.0.1' })

let isStopping = false
process.on('SIGTERM', stop)

// docs/shutdown.md says why it is done like this.
async function stop() {
  if (isStopping) return
  isStopping = true
  // Whoever still gets an answer does not keep its connection after it.
  app.server.keepAliveTimeout = 1
  // The server does not wait for answers that take too long, nor for connections that never ask.
  setTimeout(() => app.server.closeAllConnections(), 6_000).unref()
  // With its streams.
  await app.close()
  await manager.close()
  await backplane.close()
  client.disconnect()
}
