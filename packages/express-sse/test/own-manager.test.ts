import { sse, sseManager } from '@ssekit/express-sse'
import express from 'express'
import { listen } from '../../sse-testkit/test/network/listen.js'
import { testOwnManager } from '../../sse-testkit/test/subjects/own-manager.js'

testOwnManager(sseManager, ({ manager, source, filter }) => {
  const app = express()
  app.use(sse({ manager }))
  app.get('/', (_req, res) => res.sse(source, { filter }))
  // Without an error handler, Express would print the errors.
  app.use((_error: unknown, _req: express.Request, _res: express.Response, _next: express.NextFunction) => {})
  return listen(app)
})
