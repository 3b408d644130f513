import { randomUUID } from 'node:crypto'
import { type SseChannel, type SseEvent, SseManager, sse } from '@ssekit/express-sse'
import { convertToModelMessages, generateId, safeValidateUIMessages, streamText, type UIMessageChunk } from 'ai'
import express, { type Express } from 'express'
import { model } from './chat-model.js'

const failures: unknown[] = []
const report = (error: unknown): unknown => failures.push(error)
const app: Express = express()

// #region use-chat-resume
const answers = new SseManager({
  overload: 'reject',
  maxChannels: 1_000,
  history: { maxEvents: Number.POSITIVE_INFINITY, maxBytes: 4 * 1024 * 1024, maxAgeMs: 10 * 60_000 },
})
app.use(sse({ manager: answers }))

const uiMessages = {
  headers: { 'x-vercel-ai-ui-message-stream': 'v1' },
  // useChat sends no id, and wants the whole answer.
  rewind: Number.POSITIVE_INFINITY,
  // It parses the data of every event as JSON, and that of a checkpoint is empty.
  checkpoints: false,
}

interface Answer {
  readonly channel: SseChannel
  readonly stopping: AbortController
}

/** The answers that are being written, by the id of their chat. */
const running = new Map<string, Answer>()

app.post('/api/chat', express.json({ limit: '1mb' }), async (req, res) => {
  const { id, messages } = req.body ?? {}
  const checked = await safeValidateUIMessages({ messages })
  if (typeof id !== 'string' || !checked.success) {
    res.status(400).json({ error: 'a chat has an id and messages' })
    return
  }
  const prompt = await convertToModelMessages(checked.data)
  // Another tab may have asked in the same chat.
  running.get(id)?.stopping.abort()
  const answer = { channel: answers.getOrCreate(`answer:${randomUUID()}`), stopping: new AbortController() }
  running.set(id, answer)
  // It is written even if nobody reads it, so it needs a time limit of its own.
  const abortSignal = AbortSignal.any([answer.stopping.signal, AbortSignal.timeout(120_000)])
  const result = streamText({ model, messages: prompt, abortSignal })
  // The answer has an id, by which a page that resumes replaces the part that it has.
  const chunks = result.toUIMessageStream({ originalMessages: checked.data, generateMessageId: generateId })
  write(id, answer, chunks).catch(report)
  await res.sse(answer.channel, uiMessages)
})

app.get('/api/chat/:id/stream', async (req, res) => {
  // 204 if nothing is being written.
  await res.sse(running.get(req.params.id)?.channel ?? null, uiMessages)
})

app.post('/api/chat/:id/stop', (req, res) => {
  running.get(req.params.id)?.stopping.abort()
  res.sendStatus(204)
})

async function write(id: string, answer: Answer, chunks: AsyncIterable<UIMessageChunk>): Promise<void> {
  const { channel, stopping } = answer
  try {
    await channel.pipeFrom(eventsOf(chunks))
    await channel.end()
  } catch (error) {
    // Stops the model if it was the channel that failed.
    stopping.abort()
    await channel.end({ data: { type: 'error', errorText: 'the answer broke off' } })
    throw error
  } finally {
    if (running.get(id) === answer) running.delete(id)
  }
}

async function* eventsOf(chunks: AsyncIterable<UIMessageChunk>): AsyncGenerator<SseEvent> {
  for await (const chunk of chunks) yield { data: chunk }
}

// #endregion use-chat-resume

export { answers, app, failures, running }
