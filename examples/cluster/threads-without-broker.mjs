// Jobs in threads of their own, and no broker: a thread sends its events to the thread that has the connections.
import { randomUUID } from 'node:crypto'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'
import { estimatePi } from './pi.mjs'

const { PORT = 3000, HOST = '127.0.0.1' } = process.env

if (isMainThread) serve()
else for (const event of estimatePi(workerData)) parentPort?.postMessage(event)

function serve() {
  const app = express().use(sse())
  app.post('/jobs', (_req, res) => {
    const job = randomUUID()
    const channel = sseManager.getOrCreate(`jobs/${job}`)
    // #region forward
    const worker = new Worker(new URL(import.meta.url), { workerData: 20 })
    worker.on('message', (event) => channel.broadcast(event))
    worker.on('exit', () => channel.end())
    // #endregion forward
    res.send(job)
  })
  app.get('/jobs/:job', (req, res) => res.sse(sseManager.getOrCreate(`jobs/${req.params.job}`), { rewind: 1_000 }))
  const server = app.listen(Number(PORT), HOST, () => console.log('listens at', server.address()))

  process.once('SIGTERM', async () => {
    server.close()
    await sseManager.close()
    server.closeAllConnections()
  })
}
