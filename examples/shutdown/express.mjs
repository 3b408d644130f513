import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'

const app = express().use(sse())
const news = sseManager.getOrCreate('news')
app.get('/events', (_req, res) => res.sse(news))
app.get('/', (_req, res) => res.send('Hello, world!\n'))
const server = app.listen(3000)

let isStopping = false
process.on('SIGTERM', stop)

async function stop() {
  if (isStopping) return
  isStopping = true
  const closed = new Promise((resolve) => server.close(resolve))
  // A connection that still gets an answer is closed after it.
  server.keepAliveTimeout = 1
  server.prependListener('request', (_req, res) => res.setHeader('Connection', 'close'))
  // Destroys what is left: answers that take too long, and connections that never send a request.
  setTimeout(() => server.closeAllConnections(), 6_000).unref()
  await sseManager.close({ event: { event: 'bye', data: 'restarting' }, retryMs: [1_000, 10_000], graceMs: 5_000 })
  await closed
  // No more requests: close databases and brokers here.
  console.log('stopped')
}
