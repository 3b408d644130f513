import type { Server } from 'node:http'
import { SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const manager = new SseManager()
const app: Express = express()
app.use(sse({ manager }))
app.get('/events', (_req, res) => res.sse(manager.getOrCreate('news')))

// #region express
/** Ends the streams, then the server; Koa and bare `node:http` do it the same way. */
async function shutDown(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  await manager.close({
    event: { event: 'bye', data: 'restarting' }, // the last event of every stream
    retryMs: [1_000, 5_000], // each client its own, so that they do not all come back at once
    graceMs: 5_000, // who has not read it by then is cut
  })
  await closed
}

// #endregion express

export { app, manager, shutDown }
