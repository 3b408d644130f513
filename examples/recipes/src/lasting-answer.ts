import { randomUUID } from 'node:crypto'
import sse, { type SseChannel, type SseEvent, SseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { type Chunk, Model } from './model.js'

const model = new Model()
const failures: unknown[] = []
const report = (error: unknown): unknown => failures.push(error)

// #region lasting-answer
// Every word of an answer is kept for ten minutes. The number of answers is limited.
const answers = new SseManager({
  maxChannels: 1_000,
  history: { maxEvents: Number.POSITIVE_INFINITY, maxBytes: 4 * 1024 * 1024, maxAgeMs: 10 * 60_000 },
})

const app = Fastify({ return503OnClosing: false })
await app.register(sse, { manager: answers })

const prompt = { type: 'string', maxLength: 16_384 }
// Without it, a request without a prompt would start an answer that is never written.
const schema = { body: { type: 'object', required: ['prompt'], properties: { prompt } } }

app.post<{ Body: { prompt: string } }>('/answers', { schema }, (request, reply) => {
  const id = randomUUID()
  write(answers.getOrCreate(`answer:${id}`), request.body.prompt).catch(report)
  return reply.code(202).send({ id })
})

async function write(channel: SseChannel, prompt: string): Promise<void> {
  try {
    // It continues even if nobody is reading, so it needs a time limit of its own.
    const chunks = await model.complete(prompt, { signal: AbortSignal.timeout(120_000) })
    await channel.pipeFrom(eventsOf(chunks))
    await channel.end({ event: 'done', data: '' })
  } catch (error) {
    await channel.end({ event: 'failed', data: 'the answer broke off' })
    throw error
  }
}

async function* eventsOf(chunks: AsyncIterable<Chunk>): AsyncGenerator<SseEvent> {
  for await (const chunk of chunks) yield { data: chunk }
}

app.get<{ Params: { id: string } }>('/answers/:id', (request, reply) => {
  const channel = answers.get(`answer:${request.params.id}`)
  // `null` answers 204. A client that has read the answer to its end gets that from the channel, too.
  return reply.sse(channel ?? null, { rewind: Number.POSITIVE_INFINITY })
})

// #endregion lasting-answer

export { answers, app, failures, model }
