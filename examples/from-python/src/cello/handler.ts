import { SseStream, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

// #region handler
app.get('/events', async (_req, res) => {
  const stream = new SseStream()
  stream.add({ data: { status: 'connected' }, event: 'init', retry: 3_000 })
  for (let i = 0; i < 10; i++) {
    stream.add({ data: { count: i, timestamp: Date.now() / 1000 }, event: 'update', id: String(i) })
  }
  // Without this the stream stays open, and takes events as long as the client is connected.
  stream.end()
  await res.sse(stream)
})

// #endregion handler

export { app }
