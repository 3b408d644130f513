import { SseManager, sse } from '@ssekit/express-sse'
import { convertToModelMessages, safeValidateUIMessages, streamText } from 'ai'
import express, { type Express } from 'express'
import { model } from './chat-model.js'

const failures: unknown[] = []
const report = (error: unknown): unknown => failures.push(error)
const app: Express = express()

// #region use-chat
// useChat takes the empty stream that a full server sends by default for an empty answer. It shows a 503 as an error.
const manager = new SseManager({ overload: 'reject' })
app.use(sse({ manager }))

const headers = { 'x-vercel-ai-ui-message-stream': 'v1' }

app.post('/api/chat', express.json({ limit: '1mb' }), async (req, res) => {
  const checked = await safeValidateUIMessages({ messages: req.body?.messages })
  if (!checked.success) {
    res.status(400).json({ error: 'a chat is a list of messages' })
    return
  }
  const messages = await convertToModelMessages(checked.data)
  await res.sse(
    async function* ({ signal }) {
      try {
        const answer = streamText({ model, messages, abortSignal: signal })
        for await (const chunk of answer.toUIMessageStream()) yield { data: chunk }
      } catch (error) {
        report(error)
        yield { data: { type: 'error', errorText: 'the answer broke off' } }
      }
    },
    { headers },
  )
})

// #endregion use-chat

export { app, failures, manager }
