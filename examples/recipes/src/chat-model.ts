import { setTimeout as sleep } from 'node:timers/promises'
import { MockLanguageModelV3 } from 'ai/test'

type Result = Awaited<ReturnType<MockLanguageModelV3['doStream']>>
type Part = Result['stream'] extends ReadableStream<infer P> ? P : never

/** How many answers the model has stopped writing, for whatever reason. */
export const stops = { count: 0 }

/** A stand-in for a model of Vercel's AI SDK. The last prompt says what it does. */
export const model = new MockLanguageModelV3({
  async doStream({ prompt, abortSignal }) {
    const parts = write(JSON.stringify(prompt.at(-1)), abortSignal)
    const stream = new ReadableStream<Part>({
      async pull(controller) {
        const { done, value } = await parts.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
    return { stream }
  },
})

async function* write(asked: string, signal: AbortSignal | undefined): AsyncGenerator<Part> {
  try {
    yield { type: 'stream-start', warnings: [] }
    yield { type: 'text-start', id: 'text' }
    for (const delta of ['Server', '-Sent', ' Events:', '\n\n', '  - one', '\r\n', '  - way']) {
      yield { type: 'text-delta', id: 'text', delta }
      await wait(20, signal)
      if (asked.includes('break')) throw new Error('the key is sk-1234')
      // Until it is stopped.
      if (asked.includes('endless')) await wait(2 ** 31 - 1, signal)
    }
    yield { type: 'text-end', id: 'text' }
    yield { type: 'finish', finishReason: { unified: 'stop', raw: undefined }, usage }
  } finally {
    stops.count += 1
  }
}

/** Rejects as `fetch` does, with the reason of the signal. */
async function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  signal?.throwIfAborted()
}

const none = undefined
const usage = {
  inputTokens: { total: none, noCache: none, cacheRead: none, cacheWrite: none },
  outputTokens: { total: none, text: none, reasoning: none },
}
