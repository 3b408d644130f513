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
    // Awaited before there is a stream, so that a model that refuses is an error response. The signal is aborted when the
    // client leaves, and the model stops.
    const chunks = await model.complete(prompt, { signal })
    return answer(chunks)
  })
})

async function* answer(chunks: AsyncIterable<Chunk>): AsyncGenerator<SseEvent> {
  try {
    // A chunk is a plain object: yielded bare, it would be taken for an event, and refused for its fields.
    for await (const chunk of chunks) yield { data: chunk }
    yield { event: 'done', data: '' }
  } catch (error) {
    // Not `error`: an EventSource calls its own errors so. And not the message, which is for us.
    yield { event: 'failed', data: 'the answer broke off' }
    // `onError` and the framework hear of it.
    throw error
  }
}

// #endregion answer

export { app, failures, model }
