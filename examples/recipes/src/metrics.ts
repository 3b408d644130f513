import { SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

const manager = new SseManager({ history: { maxEvents: 100 } })
const app: Express = express()
app.use(sse({ manager }))
app.get('/news', (_req, res) => res.sse(manager.getOrCreate('news')))

// #region metrics
const registry = new Registry()
const registers = [registry]
const connections = new Gauge({ name: 'sse_connections', help: 'Open streams', registers })
const history = new Gauge({ name: 'sse_history_bytes', help: 'Size of all histories', registers })
const events = new Counter({ name: 'sse_events_total', help: 'Events written', registers })
const gaps = new Counter({ name: 'sse_gaps_total', help: 'Clients that missed events', registers })
const closed = new Counter({ name: 'sse_closed_total', help: 'Ended streams', labelNames: ['reason'], registers })
// The delay of the event loop, memory, garbage collection, open files.
collectDefaultMetrics({ register: registry })

app.get('/metrics', async (_req, res) => {
  const stats = manager.stats()
  connections.set(stats.connections)
  history.set(stats.historyBytes)
  // The manager has counted already: its sums replace those of the last scrape.
  for (const counter of [events, gaps, closed]) counter.reset()
  events.inc(stats.events)
  gaps.inc(stats.gaps)
  for (const [reason, streams] of Object.entries(stats.closed)) closed.inc({ reason }, streams)
  res.type(registry.contentType).send(await registry.metrics())
})

// #endregion metrics

export { app, manager }
