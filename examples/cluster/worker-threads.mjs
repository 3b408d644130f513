// Jobs in threads of their own, each with a manager of its own: what a thread publishes reaches this server's clients by Redis,
// and those of every other server.
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
/** How many jobs run at once here: each is a thread, with a heap and a connection of its own. */
const MAX_JOBS = 4
/** How long it is known that there is a job, in seconds; Redis keeps its events for less. */
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
      // So that every server knows it.
      await client.setEx(`job:${job}`, JOB_S, 'started')
    } catch (error) {
      running -= 1
      throw error
    }
    const worker = new Worker(new URL(import.meta.url), { workerData: job })
    // Without a listener for it, a thread that fails takes the server along: Redis need only be away for some seconds.
    worker.on('error', (error) => console.error(`job ${job} failed:`, error))
    worker.on('exit', (code) => {
      running -= 1
      if (code !== 0) void tellOfFailure(job)
    })
    return res.send(job)
  })
  app.get('/jobs/:job', async (req, res) => {
    const { job } = req.params
    // An EventSource gives up for good on it, as it should: nothing will ever come of this job.
    if ((await client.exists(`job:${job}`)) === 0) return res.sendStatus(404)
    // From the beginning, whenever it is that somebody looks.
    return res.sse(manager.getOrCreate(`jobs/${job}`), { rewind: 1_000 })
  })
  const server = app.listen(Number(PORT), HOST, () => console.log('listens at', server.address()))

  stopOnSigterm(server, manager, { last: stop })
}

/**
 * Ends a job's streams with the news, which may have to wait for Redis, too.
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
