// Jobs in threads of their own, and no broker: a thread sends its events to the thread that has the connections.
import { randomUUID } from 'node:crypto'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'
import { estimatePi } from './pi.mjs'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { PORT = 3000, HOST = '127.0.0.1' } = process.env
/** How many jobs run at once: each is a thread, with a heap of its own. */
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
    // Without a listener for it, a thread that fails takes the server along.
    worker.on('error', (error) => console.error(`job ${job} failed:`, error))
    // What went wrong is not for everybody, but that something did is.
    worker.on('exit', (code) => channel.end(code === 0 ? undefined : { event: 'failed', data: 'the job has failed' }))
    // #endregion forward
    workers.add(worker)
    worker.on('exit', () => workers.delete(worker))
    return res.send(job)
  })
  app.get('/jobs/:job', (req, res) => {
    const channel = sseManager.get(`jobs/${req.params.job}`)
    // An EventSource gives up for good on it, as it should: nothing will ever come of this job.
    if (channel === undefined) return res.sendStatus(404)
    return res.sse(channel, { rewind: 1_000 })
  })
  const server = app.listen(Number(PORT), HOST, () => console.log('listens at', server.address()))

  // Since a channel that is closed takes no more events.
  const first = () => Promise.all([...workers].map((worker) => worker.terminate()))
  stopOnSigterm(server, sseManager, { first })
}
