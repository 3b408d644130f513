import { SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

// #region express-sse
const manager = new SseManager()
const app: Express = express()
app.use(sse({ manager }))

const live = manager.getOrCreate('live')
let total = 0
// new SSE(initial); sse.updateInit() and sse.dropInit() are assignments.
let initial: readonly unknown[] = [{ total }]

// sse.init
app.get('/stream', (_req, res) =>
  res.sse(
    async (connection) => {
      // First the position in the log, then the state: what is sent meanwhile comes after it.
      const events = live.listen()
      for (const value of initial) await connection.send(SseEvent.json(value))
      return events
    },
    // As before, every connection gets the state, and nothing that it missed.
    { lastEventId: '' },
  ),
)

app.post('/add', async (_req, res) => {
  total += 1
  initial = [{ total }]
  // sse.send(data, event)
  await live.broadcast(SseEvent.json({ total }, { event: 'total' }))
  // sse.serialize(list)
  for (const word of ['one', 'more']) await live.broadcast(SseEvent.json(word))
  res.sendStatus(204)
})

// #endregion express-sse

export { app }
