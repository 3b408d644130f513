import { SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

// #region manager
const manager = new SseManager({
  maxConnections: 10_000,
  maxConnectionsPerKey: 6, // a few tabs of one user
  maxChannels: 1_000,
  maxConnectionAgeMs: 60 * 60_000, // so that load balancers can move clients
  maxEventBytes: 64 * 1024,
  history: { maxEvents: 500, maxBytes: 512 * 1024, maxAgeMs: 10 * 60_000 },
  maxHistoryBytes: 64 * 1024 * 1024,
})

const app: Express = express()
app.use(sse({ manager }))
app.get('/news', (req, res) => res.sse(manager.getOrCreate('news'), { key: req.ip }))

// #endregion manager

export { app, manager }
