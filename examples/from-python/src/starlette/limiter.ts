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
  // The key must not be chosen by clients, or they choose their limit. Behind one proxy, `req.ip` needs
  // `app.set('trust proxy', 1)`; with `true` clients could make it up. For logged-in users, the user is the better key.
  app.get('/events', (req, res) => res.sse(generateEvents(), { key: req.ip }))
  // #endregion limiter
  return app
}
