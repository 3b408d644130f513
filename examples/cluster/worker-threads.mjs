// Each job runs in a thread with its own manager. Its events reach the clients of this server, and of every other one, by Redis.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { SseManager, sse } from '@ssekit/express-sse'
import { redisBackplane } from '@ssekit/sse-redis'
import express from 'express'
import { createClient } from 'redis'
import { estimatePi } from './pi.mjs'
import { stopOnSigterm } from './stop-on-sigterm.mjs'

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = 3000, HOST = '127.0.0.1' } = process.env
/** How many jobs run at once here. Each is a thread with its own heap and connection. */
const MAX_JOBS = 4
/** How long a job's id is known, in seconds. Redis keeps the job's events for less. */
const JOB_S = 3_600

const client = createClient({ url: REDIS_URL })
client.on('error', (error) => console.error(String(error)))
await client.connect()
const backplane = redisBackplane({ client })
const manager = new SseManager({ backplane })

if (isMainThread) serve()
else await work(workerData)

function serve() {
  let running = 0
  const app = express().use(sse({ manager }))
  app.post('/jobs', async (_req, res) => {
    if (running === MAX_JOBS) return res.set('Retry-After', '5').sendStatus(503)
    running += 1
    const job = randomUUID()
    try {
      // Makes the job known to every server.
      await client.setEx(`job:${job}`, JOB_S, 'started')
    } catch (error) {
      running -= 1
      throw error
    }
    const worker = new Worker(new URL(import.meta.url), { workerData: job })
    // Without an `error` listener, a thread that fails ends the server. Losing Redis for some seconds is enough.
    worker.on('error', (error) => console.error(`job ${job} failed:`, error))
    worker.on('exit', (code) => {
      running -= 1
      if (code !== 0) void tellOfFailure(job)
    })
    return res.send(job)
  })
  app.get('/jobs/:job', async (req, res) => {
    const { job } = req.params
    // An EventSource gives up for good after this status, as it should: this job will never have events.
    if ((await client.exists(`job:${job}`)) === 0) return res.sendStatus(404)
    // All events from the first, whenever a client connects.
    return res.sse(manager.getOrCreate(`jobs/${job}`), { rewind: 1_000 })
  })
  const server = app.listen(Number(PORT), HOST)
  // Not as a callback of `listen()`: Express 5 would call it with an error, too, and the error would not end the process.
  server.once('listening', () => console.log('listens at', server.address()))

  stopOnSigterm(server, manager, { last: stop })
}

/**
 * Ends a job's streams with a `failed` event; tries again until Redis accepts it.
 *
 * @param {string} job
 */
async function tellOfFailure(job) {
  const channel = manager.getOrCreate(`jobs/${job}`)
  for (;;) {
    try {
      return await channel.end({ event: 'failed', data: 'the job has failed' })
    } catch {
      await sleep(1_000)
    }
  }
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
