import { type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'
import { type Chunk, Model } from './model.js'

const model = new Model()
const failures: unknown[] = []
const report = (error: unknown): unknown => failures.push(error)
const app: Express = express()

// #region chat-completions
// The SDK takes the empty stream that a full server sends by default for an empty answer. It repeats a 503 twice.
const manager = new SseManager({ overload: 'reject' })
app.use(sse({ manager }))

app.post('/v1/chat/completions', express.json({ limit: '1mb' }), async (req, res) => {
  const prompt: unknown = req.body?.messages?.at?.(-1)?.content
  if (typeof prompt !== 'string') {
    res.status(400).json({ error: { message: 'the last message has no text' } })
    return
  }
  await res.sse(async ({ signal }) => completion(await model.complete(prompt, { signal })))
})

async function* completion(chunks: AsyncIterable<Chunk>): AsyncGenerator<SseEvent | string> {
  try {
    for await (const chunk of chunks) yield { data: chunk }
    yield '[DONE]'
  } catch (error) {
    report(error)
    // The SDK throws it as an APIError.
    yield { data: { error: { message: 'the answer broke off' } } }
  }
}

// #endregion chat-completions

export { app, failures, manager, model }
