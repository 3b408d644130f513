import { SseManager, SseStream, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const generateEvents = (): SseStream => new SseStream().add('hello')

export function createApp(overload: 'retry' | 'reject' = 'retry'): Express {
  // #region limiter
  const manager = new SseManager({
    maxConnections: 100,
    maxConnectionsPerKey: 3,
    overload, // 'retry', the default, or 'reject'
  })

  const app = express()
  app.use(sse({ manager }))
  app.get('/events', (req, res) => res.sse(generateEvents(), { key: String(req.query.user) }))
  // #endregion limiter
  return app
}
