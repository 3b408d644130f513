// A node: an ordinary Express server. It does not know about the other node or the publisher.
import { readFile } from 'node:fs/promises'
import { SseManager, sse } from '@ssekit/express-sse'
import { redisBackplane } from '@ssekit/sse-redis'
import express from 'express'
import { createClient } from 'redis'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = 3001 } = process.env
const page = await readFile(new URL('page.html', import.meta.url), 'utf8')

// #region manager
const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error('express:', String(error)))
await client.connect()
const backplane = redisBackplane({ client })
const manager = new SseManager({ backplane })
// #endregion manager

const app = express().use(sse({ manager }))
app.get('/', (_req, res) => res.type('html').send(page))
app.get('/events', (_req, res) => {
  // For the page, which shows the node that serves it.
  res.cookie('node', `express.${process.pid}`)
  return res.sse(manager.getOrCreate('news'))
})
// For the page's buttons. Each node accepts requests to kill either one; the launcher does it.
app.post('/kill/:node', (req, res) => res.json(process.send?.({ kill: req.params })))
const server = app.listen(Number(PORT), '127.0.0.1')
// For the page too: it learns from whichever node serves it that this one has started.
void manager.getOrCreate('news').broadcast({ event: 'node', data: { name: 'express', pid: process.pid } })

let isStopping = false
process.on('SIGTERM', stop)

// docs/shutdown.md explains these steps.
async function stop() {
  if (isStopping) return
  isStopping = true
  const closed = new Promise((resolve) => server.close(resolve))
  // A connection that still gets an answer is closed after it.
  server.keepAliveTimeout = 1
  server.prependListener('request', (_req, res) => res.setHeader('Connection', 'close'))
  // Destroys what is left: answers that take too long, and connections that never send a request.
  setTimeout(() => server.closeAllConnections(), 6_000).unref()
  await manager.close()
  await closed
  await backplane.close()
  client.destroy()
}
