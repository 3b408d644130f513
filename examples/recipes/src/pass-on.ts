import { type SseConnection, type SseEvent, SseManager, type SseSource, sse } from '@ssekit/express-sse'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import express, { type Express } from 'express'

const failures: unknown[] = []
const app: Express = express()
app.use(sse({ manager: new SseManager({ onError: (error) => failures.push(error) }) }))

/** Where the other server is. */
const upstream = { url: '' }

// #region pass-on
app.get('/events', (_req, res) => res.sse(passOn))

async function passOn({ req, lastEventId, signal }: SseConnection): Promise<SseSource> {
  // A body that nobody reads would hide, until the other server answers, that the client has disconnected.
  req.resume()
  // As the bytes of its UTF-8, like an EventSource: `fetch` accepts only characters of one byte in a header.
  const headers = lastEventId === '' ? {} : { 'Last-Event-ID': Buffer.from(lastEventId).toString('latin1') }
  const response = await fetch(upstream.url, { headers, signal }).catch(() => undefined)
  // The other stream has ended for good, so this one has too.
  if (response?.status === 204) return null
  // After a 502 an EventSource would never reconnect. So it gets a stream that tells it to retry in ten seconds.
  if (response?.status !== 200) return [{ retry: 10_000 }]
  return eventsOf(response)
}

async function* eventsOf({ body }: Response): AsyncGenerator<SseEvent> {
  if (body === null) return
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { id, event, data } of events) yield { id, event, data }
}
// #endregion pass-on

app.get('/chunks', async (_req, res) => {
  const { body } = await fetch(upstream.url)
  await res.sse(body)
})

export { app, failures, upstream }
