import { type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type ErrorRequestHandler, type Express } from 'express'

const failures: unknown[] = []
const log = (error: unknown): unknown => failures.push(error)

/** A stand-in for a database: `missing` is refused at once, and `broken` fails while it is read. */
async function query(id: string): Promise<AsyncIterable<object>> {
  if (id === 'missing') throw Object.assign(new Error('no such report'), { statusCode: 404 })
  return read(id)
}

async function* read(id: string): AsyncGenerator<object> {
  yield { id, row: 1 }
  if (id === 'broken') throw new Error('the disk is full')
}

// #region errors
// Called with every error after the response headers, and with errors that nothing else receives.
const manager = new SseManager({ onError: log })

const app: Express = express()
app.use(sse({ manager }))

app.get('/reports/:id', (req, res) =>
  res.sse(async () => {
    // Before the response headers: if it rejects, the error handler below sends an error response.
    const rows = await query(req.params.id)
    return eventsOf(rows)
  }),
)

async function* eventsOf(rows: AsyncIterable<object>): AsyncGenerator<SseEvent> {
  try {
    for await (const row of rows) yield { event: 'row', data: row }
    yield { event: 'done', data: '' }
  } catch (error) {
    // After the headers: the status is sent, so an event tells the client. It contains no details.
    yield { event: 'failed', data: 'the report broke off' }
    throw error
  }
}

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  // It is called for errors after the headers too, when there is nothing left to answer.
  if (res.headersSent) return
  res.status(error.statusCode ?? 500).json({ error: 'no report' })
}
app.use(answerError)

// #endregion errors

export { app, failures }
