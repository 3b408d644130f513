// Two workers on one port, connected by Redis: an event from either reaches the clients of both.
import cluster from 'node:cluster'
import { SseManager, sse } from '@ssekit/express-sse'
import { redisBackplane } from '@ssekit/sse-redis'
import express from 'express'
import { createClient } from 'redis'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = 3000, HOST = '127.0.0.1' } = process.env

if (cluster.isPrimary) lead()
else await serve()

function lead() {
  let isStopping = false
  for (let count = 0; count < 2; count++) cluster.fork()
  cluster.on('listening', ({ process }, address) => console.log(process.pid, 'listens at', address))
  // Not at once: if the port is taken, for example, each new worker dies at once.
  cluster.on('exit', () => setTimeout(() => isStopping || cluster.fork(), 1_000))
  process.on('SIGTERM', () => {
    isStopping = true
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  })
}

async function serve() {
  const client = createClient({ url: REDIS_URL })
  client.on('error', (error) => console.error(String(error)))
  await client.connect()
  const backplane = redisBackplane({ client })
  const manager = new SseManager({ backplane })
  const news = manager.getOrCreate('news')

  const app = express().use(sse({ manager }))
  app.use((_req, res, next) => {
    res.set('X-Worker', `${process.pid}`)
    next()
  })
  app.get('/events', (_req, res) => res.sse(news))
  app.post('/news/:text', async (req, res) => res.send(await news.broadcast(req.params.text)))
  const server = app.listen(Number(PORT), HOST)

  const last = async () => {
    await backplane.close()
    client.destroy()
    cluster.worker?.disconnect()
  }
  stopOnSigterm(server, manager, { last })
}
