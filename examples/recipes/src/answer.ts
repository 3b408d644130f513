import { type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'
import { type Chunk, Model } from './model.js'

const model = new Model()
const failures: unknown[] = []
const manager = new SseManager({ onError: (error) => failures.push(error) })
const app: Express = express()
app.use(sse({ manager }))

// #region answer
app.post('/answers', express.json({ limit: '16kb' }), async (req, res) => {
  const prompt: unknown = req.body?.prompt
  if (typeof prompt !== 'string') {
    res.status(400).json({ error: 'a prompt is text' })
    return
  }
  await res.sse(async ({ signal }) => {
    // Awaited before the response headers are sent, so that a refusal of the model becomes an error response. The signal is
    // aborted when the client disconnects, which stops the model.
    const chunks = await model.complete(prompt, { signal })
    return answer(chunks)
  })
})

async function* answer(chunks: AsyncIterable<Chunk>): AsyncGenerator<SseEvent> {
  try {
    // A chunk is a plain object. Yielded as it is, it would be taken for an event, and rejected for its fields.
    for await (const chunk of chunks) yield { data: chunk }
    yield { event: 'done', data: '' }
  } catch (error) {
    // Not `error`: that is the name of an EventSource's own errors. And without the error's message, which is for the server.
    yield { event: 'failed', data: 'the answer broke off' }
    // So that `onError` and the framework receive it.
    throw error
  }
}

// #endregion answer

export { app, failures, model }
