import sse, { sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

// Otherwise Fastify answers who asks while it closes with 503, on which an EventSource gives up for good.
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
  // Whoever still gets an answer does not keep its connection after it.
  app.server.keepAliveTimeout = 1
  // The server does not wait for answers that take too long, nor for connections that never ask.
  setTimeout(() => app.server.closeAllConnections(), 6_000).unref()
  await app.close()
  // Nobody asks any more: close databases and brokers here.
  console.log('stopped')
}
