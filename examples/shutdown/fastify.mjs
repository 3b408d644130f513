import sse, { sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

// Otherwise Fastify answers requests with 503 while it closes, and an EventSource does not reconnect after that.
const app = Fastify({ return503OnClosing: false })
await app.register(sse, {
  close: { event: { event: 'bye', data: 'restarting' }, retryMs: [1_000, 10_000], graceMs: 5_000 },
})
const news = sseManager.getOrCreate('news')
app.get('/events', (_request, reply) => reply.sse(news))
app.get('/', () => 'Hello, world!\n')
await app.listen({ port: 3000, host: '0.0.0.0' })

let isStopping = false
process.on('SIGTERM', stop)

async function stop() {
  if (isStopping) return
  isStopping = true
  // A connection that still gets an answer is closed after it.
  app.server.keepAliveTimeout = 1
  // Destroys what is left: answers that take too long, and connections that never send a request.
  setTimeout(() => app.server.closeAllConnections(), 6_000).unref()
  await app.close()
  // No more requests: close databases and brokers here.
  console.log('stopped')
}
