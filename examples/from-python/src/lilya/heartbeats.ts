import { SseChannel, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const app: Express = express()
app.use(sse())

const channel = new SseChannel('quiet')

// #region heartbeats
// `: heartbeat` after ten seconds in which nothing else was sent.
app.get('/events', (_req, res) => res.sse(channel, { heartbeatMs: 10_000 }))

// An EventSource does not show comments to the page: a page that watches the connection needs an event.
app.get('/visible', (_req, res) =>
  res.sse(channel, { heartbeatMs: 10_000, heartbeat: () => ({ event: 'heartbeat', data: '' }) }),
)

app.get('/silent', (_req, res) => res.sse(channel, { heartbeatMs: 0 }))

// #endregion heartbeats

export { app, channel }
