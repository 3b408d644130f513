// #region basic
import { SseChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const notifications = new SseChannel('notifications')

// Streams broadcasts to every connected client.
app.get('/events', (_req, res) => res.sse(notifications, { heartbeatMs: 10_000 }))

// Broadcasts to all of these clients.
app.get('/send', async (_req, res) => {
  await notifications.broadcast({ event: 'notice', data: 'Hello, world!' })
  res.json({ sent: true })
})

// #endregion basic

export { app, notifications }
