import { SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

// #region isolation
/** Each application has its own manager: nothing is global, so tests have nothing to reset. */
export function createApp(manager: SseManager = new SseManager()): Express {
  const app = express()
  app.use(sse({ manager }))
  app.get('/events', (_req, res) => res.sse(manager.getOrCreate('news')))
  app.post('/news', async (_req, res) => {
    await manager.getOrCreate('news').broadcast('news')
    res.sendStatus(204)
  })
  return app
}
// #endregion isolation
