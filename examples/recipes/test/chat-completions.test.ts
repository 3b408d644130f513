import { expect, test } from '@jest/globals'
import OpenAI, { APIError } from 'openai'
import { hurry } from '../../from-python/test/hurry.js'
import { serve, until } from '../../from-python/test/serving.js'

hurry()
const { app, failures, manager, model } = await import('../src/chat-completions.js')

async function ask(content: string, onText: () => void = () => {}, signal?: AbortSignal): Promise<string> {
  const client = new OpenAI({ baseURL: `${await serve(app)}/v1`, apiKey: 'any', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content }]
  let text = ''
  for await (const chunk of await client.chat.completions.create(
    { model: 'any', messages, stream: true },
    { signal: signal ?? null },
  )) {
    text += chunk.choices[0]?.delta.content
    onText()
  }
  return text
}

test('the openai SDK reads an answer to its end', async () => {
  expect(await ask('what is SSE?')).toBe('Server-Sent Events:\n\n  - one\r\n  - way')
  expect(failures).toEqual([])
})

test('the openai SDK throws an APIError if the model breaks off, and only the server learns why', async () => {
  await expect(ask('break')).rejects.toThrow(new APIError(undefined, undefined, 'the answer broke off', undefined))
  expect(failures).toMatchObject([{ message: 'the key is sk-1234' }])
})

test('the openai SDK throws the status if the model refuses', async () => {
  await expect(ask('refuse')).rejects.toMatchObject({ status: 429 })
})

test('the model stops when the openai SDK is aborted', async () => {
  const leaving = new AbortController()
  const { stopped } = model
  await ask('endless', () => leaving.abort(), leaving.signal).catch(() => {})
  await until(() => model.stopped === stopped + 1)
})

test.each(['{}', '{"messages":{}}', '{"messages":[{}]}'])('the request %j gets 400', async (body) => {
  const request = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
  expect((await fetch(`${await serve(app)}/v1/chat/completions`, request)).status).toBe(400)
})

// The last test of this file: its server is shut down.
test('the openai SDK throws the error of an event that a shutdown sends, then gets 503', async () => {
  const closing = ask(
    'endless',
    () => void manager.close({ event: { data: { error: { message: 'the server restarts' } } } }),
  )
  await expect(closing).rejects.toThrow('the server restarts')
  await expect(ask('what is SSE?')).rejects.toMatchObject({ status: 503 })
})
