import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const log: string[] = []

// #region disconnect
const app: Express = express()
app.use(sse({ manager: new SseManager({ writeTimeoutMs: 30_000 }) }))

async function* robustStream(signal: AbortSignal): AsyncGenerator<SseEvent> {
  try {
    for (let i = 0; i < 100; i++) {
      yield { data: `Item ${i}` }
      // No need to check whether the client is still there: the wait ends when it disconnects.
      await sleep(500, undefined, { signal })
    }
  } finally {
    log.push('cleaned up')
  }
}

app.get('/events', (_req, res) =>
  res.sse(({ signal }) => robustStream(signal), { headers: { 'Cache-Control': 'no-cache' } }),
)

// #endregion disconnect

export { app, log }
