import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse, sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region job
const progress = sseManager.getOrCreate('tasks')

async function* runJob(): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 100; i++) {
    yield { event: 'progress', data: i }
    await sleep(100)
  }
}

app.post('/job', async (_request, reply) => {
  // The job runs whether clients watch or not. If it fails, the manager's `onError` is called.
  void progress.pipeFrom(runJob())
  return reply.code(202).send({ started: true })
})

app.get('/job/status', (_request, reply) => reply.sse(progress, { heartbeatMs: 5_000 }))

// #endregion job

export { app }
