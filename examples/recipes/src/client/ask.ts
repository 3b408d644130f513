import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Chunk } from '../model.js'

// #region ask
/** Requests an answer, and resolves when it is complete. Aborting the signal stops the model. */
export async function ask(
  url: string,
  prompt: string,
  onText: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt }),
    signal: signal ?? null,
  })
  if (!response.ok || response.body === null) throw new Error(`no answer: ${response.status}`)
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (;;) {
      const { done, value } = await events.read()
      // An end without `done` is a connection that broke.
      if (done || value.event === 'failed') throw new Error('the answer broke off')
      if (value.event === 'done') return
      const chunk: Chunk = JSON.parse(value.data)
      onText(chunk.choices[0].delta.content)
    }
  } finally {
    // Otherwise the model would continue if `onText` throws.
    await events.cancel().catch(() => {})
  }
}
// #endregion ask
