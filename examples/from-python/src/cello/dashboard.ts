import { freemem, loadavg, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region dashboard
async function* metrics(signal: AbortSignal): AsyncGenerator<SseEvent> {
  yield { data: { interval: 1_000 }, event: 'config', retry: 5_000 }
  for (let i = 0; i < 60; i++) {
    const [load] = loadavg()
    yield {
      data: { load, memory: 1 - freemem() / totalmem(), timestamp: Date.now() / 1000 },
      event: 'metrics',
      id: String(i),
    }
    await sleep(1_000, undefined, { signal })
  }
}

app.get('/dashboard/stream', (_request, reply) => reply.sse(({ signal }) => metrics(signal)))

// #endregion dashboard

export { app }
