import { setTimeout as sleep } from 'node:timers/promises'

/** What a model's SDK yields, as OpenAI's does. */
export interface Chunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly choices: readonly [{ readonly delta: { readonly content: string } }]
}

/**
 * A stand-in for a model's SDK: it rejects when the model refuses, before there is any answer, and stops writing when its
 * signal is aborted. The prompt says what it does.
 */
export class Model {
  /** Prompts that it was given. */
  prompts: string[] = []
  /** How many answers it has stopped writing, for whatever reason. */
  stopped = 0

  async complete(prompt: string, { signal }: { readonly signal: AbortSignal }): Promise<AsyncIterable<Chunk>> {
    this.prompts.push(prompt)
    await sleep(20, undefined, { signal })
    if (prompt === 'refuse') throw Object.assign(new Error('too many requests'), { status: 429, expose: true })
    return this.#write(prompt, signal)
  }

  async *#write(prompt: string, signal: AbortSignal): AsyncGenerator<Chunk> {
    try {
      for (const content of ['Server', '-Sent', ' Events:', '\n\n', '  - one', '\r\n', '  - way']) {
        yield { id: 'answer-1', object: 'chat.completion.chunk', choices: [{ delta: { content } }] }
        await sleep(20, undefined, { signal })
        if (prompt === 'break') throw new Error('the key is sk-1234')
        // Until it is stopped.
        if (prompt === 'endless') await sleep(2 ** 31 - 1, undefined, { signal })
      }
    } finally {
      this.stopped += 1
    }
  }
}
