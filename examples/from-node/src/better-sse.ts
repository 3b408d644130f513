import { SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express, type Request } from 'express'

/** A stand-in for a login. */
function roleOf(req: Request): string {
  return req.get('X-Role') ?? 'user'
}

// #region better-sse
const manager = new SseManager()
const app: Express = express()
app.use(sse({ manager }))

// createChannel()
const ticker = manager.getOrCreate('ticker')
// A channel of its own: the history of `ticker` would keep the counts, and replay them.
const counts = manager.getOrCreate('counts')

// channel.on('session-registered', …), channel.on('session-deregistered', …)
const tell = () => void counts.broadcast({ event: 'session-count', data: ticker.subscriberCount })
ticker.on('subscribe', tell).on('unsubscribe', tell)

app.get('/events', (req, res) => {
  const role = roleOf(req)
  return res.sse(
    async (session) => {
      // session.push(data, eventName)
      await session.send(SseEvent.json('hello', { event: 'greeting' }))
      // channel.register(session). Of the counts, a client that reconnects needs only the next one.
      void session.subscribe(counts, { lastEventId: '' })
      await session.subscribe(ticker)
    },
    // session.state, and { filter } of a broadcast
    { context: { role }, filter: ({ event }) => event !== 'admin' || role === 'admin' },
  )
})

app.post('/ticks', async (_req, res) => {
  // channel.broadcast(data, eventName)
  await ticker.broadcast({ event: 'tick', data: { at: Date.now() } })
  await ticker.broadcast(SseEvent.json('admins only', { event: 'admin' }))
  // channel.activeSessions
  res.json(ticker.listConnections<{ role: string }>().map(({ context }) => context.role))
})

// #endregion better-sse

export { app, manager }
