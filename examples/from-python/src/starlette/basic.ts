import { setTimeout as sleep } from 'node:timers/promises'
import { type SseEvent, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

// #region basic
async function* generateEvents(): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 10; i++) {
    yield { data: `Event ${i}` }
    await sleep(1_000)
  }
}

app.get('/events', (_req, res) => res.sse(generateEvents()))

// #endregion basic

export { app }
