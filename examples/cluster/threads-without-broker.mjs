// Each job runs in a thread, without a broker: the thread sends its events to the main thread, which has the connections.
import { randomUUID } from 'node:crypto'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'
import { estimatePi } from './pi.mjs'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { PORT = 3000, HOST = '127.0.0.1' } = process.env
/** How many jobs run at once. Each is a thread with its own heap. */
const MAX_JOBS = 4

if (isMainThread) serve()
else for (const event of estimatePi(workerData)) parentPort?.postMessage(event)

function serve() {
  /** @type {Set<Worker>} */
  const workers = new Set()
  const app = express().use(sse())
  app.post('/jobs', (_req, res) => {
    if (workers.size === MAX_JOBS) return res.set('Retry-After', '5').sendStatus(503)
    const job = randomUUID()
    const channel = sseManager.getOrCreate(`jobs/${job}`)
    // #region forward
    const worker = new Worker(new URL(import.meta.url), { workerData: 20 })
    worker.on('message', (event) => channel.broadcast(event))
    // Without an `error` listener, a thread that fails ends the server.
    worker.on('error', (error) => console.error(`job ${job} failed:`, error))
    // Clients are told that the job failed, but not why.
    worker.on('exit', (code) => channel.end(code === 0 ? undefined : { event: 'failed', data: 'the job has failed' }))
    // #endregion forward
    workers.add(worker)
    worker.on('exit', () => workers.delete(worker))
    return res.send(job)
  })
  app.get('/jobs/:job', (req, res) => {
    const channel = sseManager.get(`jobs/${req.params.job}`)
    // An EventSource gives up for good after this status, as it should: this job will never have events.
    if (channel === undefined) return res.sendStatus(404)
    return res.sse(channel, { rewind: 1_000 })
  })
  const server = app.listen(Number(PORT), HOST)
  // Not as a callback of `listen()`: Express 5 would call it with an error, too, and the error would not end the process.
  server.once('listening', () => console.log('listens at', server.address()))

  // Stop the jobs first: a closed channel accepts no more events.
  const first = () => Promise.all([...workers].map((worker) => worker.terminate()))
  stopOnSigterm(server, sseManager, { first })
}
