import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

// #region format
async function* updates(): AsyncGenerator<SseEvent> {
  yield { comment: 'This is a comment' }
  for (let i = 0; i < 3; i++) {
    yield { id: String(i), event: 'update', data: { time: Date.now() / 1000 } }
    await sleep(1_000)
  }
}

app.get('/events', (_req, res) => res.sse(updates(), { retryMs: 10_000 }))

// #endregion format

export { app }
