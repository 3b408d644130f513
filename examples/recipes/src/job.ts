import { setTimeout as sleep } from 'node:timers/promises'
import { type SseChannel, type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const failures: unknown[] = []
const report = (error: unknown): unknown => failures.push(error)

async function* work(id: string): AsyncGenerator<SseEvent> {
  for (let percent = 25; percent <= 100; percent += 25) {
    await sleep(1_000)
    if (id === 'broken' && percent === 50) throw new Error('the disk is full')
    yield { event: 'progress', data: { percent } }
  }
}

// #region job
// Kept for an hour: by default, a page that is opened after five minutes would not get the first steps.
const jobs = new SseManager({ maxChannels: 1_000, history: { maxAgeMs: 60 * 60_000 } })

const app: Express = express()
app.use(sse({ manager: jobs }))

app.post('/jobs/:id', (req, res) => {
  const { id } = req.params
  // This includes a job that has ended, until its history expires: its channel would reject the events of a second one.
  if (jobs.has(`job:${id}`)) {
    res.status(409).json({ error: 'this job was started before' })
    return
  }
  // Nothing awaits it: without the `catch`, a job that fails would end the process.
  run(jobs.getOrCreate(`job:${id}`), id).catch(report)
  res.status(202).location(`/jobs/${id}`).end()
})

async function run(channel: SseChannel, id: string): Promise<void> {
  try {
    await channel.pipeFrom(work(id))
    await channel.end({ event: 'done', data: '' })
  } catch (error) {
    await channel.end({ event: 'failed', data: 'the job broke off' })
    throw error
  }
}

app.get('/jobs/:id', async (req, res) => {
  // Not `getOrCreate`: a request for a job that does not exist must not take its name.
  const channel = jobs.get(`job:${req.params.id}`)
  if (channel === undefined) res.sendStatus(404)
  // A page that is opened gets the job from its first step; a client that reconnects continues where it was.
  else await res.sse(channel, { rewind: Number.POSITIVE_INFINITY })
})

// #endregion job

export { app, failures, jobs }
