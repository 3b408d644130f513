import { SseChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const channel = new SseChannel('prices')

// #region retry
// Sent to every client, at the start of its stream.
app.get('/events', (_req, res) => res.sse(channel, { retryMs: 5_000 }))

async function slowDown(): Promise<void> {
  // Any event may change it later.
  await channel.broadcast({ event: 'slow-down', data: 'busy', retry: 30_000 })
}

// #endregion retry

export { app, slowDown }
