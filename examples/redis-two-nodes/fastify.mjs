// The other node: the same in Fastify, and with the other Redis client. Nodes need not agree on either.
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

// Otherwise Fastify answers requests with 503 while it closes, and an EventSource gives up for good after that.
const app = Fastify({ return503OnClosing: false })
await app.register(sse, { manager })
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
app.get('/events', (_request, reply) => {
  // For the page, which shows the node that serves it.
  reply.header('Set-Cookie', `node=fastify.${process.pid}; Path=/`)
  return reply.sse(manager.getOrCreate('news'))
})
// For the page's buttons. Each node accepts requests to kill either one; the launcher does it.
app.post('/kill/:node', async (request) => process.send?.({ kill: request.params }))
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
// For the page too: it learns from whichever node serves it that this one has started.
void manager.getOrCreate('news').broadcast({ event: 'node', data: { name: 'fastify', pid: process.pid } })

let isStopping = false
process.on('SIGTERM', stop)

// docs/shutdown.md explains these steps.
async function stop() {
  if (isStopping) return
  isStopping = true
  // A connection that still gets an answer is closed after it.
  app.server.keepAliveTimeout = 1
  // Destroys what is left: answers that take too long, and connections that never send a request.
  setTimeout(() => app.server.closeAllConnections(), 6_000).unref()
  // The plugin ends the streams.
  await app.close()
  await manager.close()
  await backplane.close()
  client.disconnect()
}
