// Jobs in threads of their own, each with a manager of its own: what a thread publishes reaches this server's clients by Redis,
// and those of every other server.
import { randomUUID } from 'node:crypto'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { SseManager, sse } from '@ssekit/express-sse'
import { redisBackplane } from '@ssekit/sse-redis'
import express from 'express'
import { createClient } from 'redis'
import { estimatePi } from './pi.mjs'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = 3000, HOST = '127.0.0.1' } = process.env

const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error(String(error)))
await client.connect()
const backplane = redisBackplane({ client })
const manager = new SseManager({ backplane })

if (isMainThread) serve()
else await work(workerData)

function serve() {
  const app = express().use(sse({ manager }))
  app.post('/jobs', (_req, res) => {
    const job = randomUUID()
    new Worker(new URL(import.meta.url), { workerData: job })
    res.send(job)
  })
  // From the beginning, whenever it is that somebody looks.
  app.get('/jobs/:job', (req, res) => res.sse(manager.getOrCreate(`jobs/${req.params.job}`), { rewind: 1_000 }))
  const server = app.listen(Number(PORT), HOST, () => console.log('listens at', server.address()))

  process.once('SIGTERM', async () => {
    server.close()
    await manager.close()
    server.closeAllConnections()
    await stop()
  })
}

// #region publisher
/** @param {string} job */
async function work(job) {
  const channel = manager.getOrCreate(`jobs/${job}`)
  await channel.pipeFrom(estimatePi(20))
  await channel.end()
  await stop()
}

async function stop() {
  await backplane.close()
  client.destroy()
}
// #endregion publisher
