import { describe, expect, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { EventSource } from 'eventsource'
import { hurry } from '../../from-python/test/hurry.js'
import { connect, isNews, serve, until } from '../../from-python/test/serving.js'
import { refusing, serveChanging, streaming } from './changing-server.js'

hurry()
const { app, failures, model } = await import('../src/answer.js')
const { ask } = await import('../src/client/ask.js')
const lasting = await import('../src/lasting-answer.js')
const { Model } = await import('../src/model.js')

const TEXT = 'Server-Sent Events:\n\n  - one\r\n  - way'

async function answersUrl(): Promise<string> {
  return `${await serve(app)}/answers`
}

const noPrompts: readonly (string | null)[] = [null, 'null', '{}', '{"prompt":{"toString":1}}', '{"prompt":']

test.each(noPrompts)('a request without a valid prompt gets 400 and does not call the model: %j', async (body) => {
  for (const recipe of [{ app, model }, lasting]) {
    const asked = recipe.model.prompts.length
    const channels = lasting.answers.listChannels()
    const request = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
    expect((await fetch(`${await serve(recipe.app)}/answers`, request)).status).toBe(400)
    expect(recipe.model.prompts).toHaveLength(asked)
    expect(lasting.answers.listChannels()).toEqual(channels)
  }
})

describe('an answer streamed to a POST', () => {
  test('arrives in pieces, with every space and line break of the model', async () => {
    const pieces: string[] = []
    await ask(await answersUrl(), 'what is SSE?', (text) => pieces.push(text))
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces.join('')).toBe(TEXT)
    expect(model.prompts).toContain('what is SSE?')
  })

  test('stops the model when the client disconnects', async () => {
    const leaving = new AbortController()
    const { stopped } = model
    const asked = ask(await answersUrl(), 'endless', () => leaving.abort(), leaving.signal)
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
    await until(() => model.stopped === stopped + 1)
    expect(failures).toEqual([])
  })

  test('stops the model when its reader throws', async () => {
    const { stopped } = model
    const reader = (): never => {
      throw new Error('no room on the page')
    }
    await expect(ask(await answersUrl(), 'endless', reader)).rejects.toThrow('no room on the page')
    await until(() => model.stopped === stopped + 1)
    expect(failures).toEqual([])
  })

  test('is an error response if the model refuses', async () => {
    await expect(ask(await answersUrl(), 'refuse', () => {})).rejects.toThrow('no answer: 429')
  })

  test('tells the client that it broke off, and only the server why', async () => {
    await expect(ask(await answersUrl(), 'break', () => {})).rejects.toThrow('the answer broke off')
    const response = await fetch(await answersUrl(), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"prompt":"break"}',
    })
    const text = await response.text()
    expect(text).toContain('event: failed\ndata: the answer broke off\n\n')
    expect(text).not.toContain('sk-1234')
    await until(() => failures.length === 2)
    expect(failures).toEqual([expect.any(Error), expect.any(Error)])
  })

  test('that ends without a done event counts as broken off', async () => {
    const cut = await serveChanging(streaming([]))
    await expect(ask(cut.url, 'any', () => {})).rejects.toThrow('the answer broke off')
    cut.answer = refusing(500)
    await expect(ask(cut.url, 'any', () => {})).rejects.toThrow('no answer: 500')
  })
})

test("a model's chunk that is yielded as it is fails with ERR_SSE_INVALID_EVENT", async () => {
  const bare = new Model()
  const errors: unknown[] = []
  const manager = new SseManager({ onError: (error) => errors.push(error) })
  const server = await serveChanging(streaming(({ signal }) => bare.complete('any', { signal }), { manager }))
  await fetch(server.url).then((response) => response.text())
  expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
})

test('an EventSource requests the answer again after the end of a generator', async () => {
  const asked = new Model()
  const server = await serveChanging(
    streaming(async function* ({ signal }) {
      for await (const chunk of await asked.complete('again', { signal })) yield { data: chunk }
    }),
  )
  const source = new EventSource(server.url)
  await until(() => asked.prompts.length === 3)
  source.close()
})

describe('an answer with a channel of its own', () => {
  async function start(prompt: string): Promise<string> {
    const response = await fetch(`${await serve(lasting.app)}/answers`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ prompt }),
    })
    expect(response.status).toBe(202)
    const { id } = (await response.json()) as { id: string }
    return `/answers/${id}`
  }

  function textOf(events: readonly { readonly event: string; readonly data: string }[]): string {
    const chunks = events.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data))
    return chunks.map(({ choices }) => choices[0].delta.content).join('')
  }

  test('is read to its end although the connection breaks, and the model is called once', async () => {
    const { prompts } = lasting.model
    const path = await start('over a break')
    const before = await connect(lasting.app, path)
    await before.take(2, isNews)
    before.abort()
    // Only now is its last event id final: one more event may have arrived.
    await before.ended
    const after = await connect(lasting.app, path, { 'Last-Event-ID': before.lastEventId })
    await after.end()
    const events = [...before.events, ...after.events]
    expect(textOf(events)).toBe(TEXT)
    expect(events.at(-1)).toMatchObject({ event: 'done' })
    expect(prompts.filter((prompt) => prompt === 'over a break')).toHaveLength(1)
    const over = await connect(lasting.app, path, { 'Last-Event-ID': after.lastEventId })
    expect(over.status).toBe(204)
  })

  test('is replayed from its first word to a client that connects late', async () => {
    const path = await start('late')
    for (let i = 0; i < 2; i++) {
      const reader = await connect(lasting.app, path)
      await reader.end()
      expect(textOf(reader.events)).toBe(TEXT)
    }
  })

  test.each(['break', 'refuse'])('sends a failed event for the prompt %j', async (prompt) => {
    const before = lasting.failures.length
    const reader = await connect(lasting.app, await start(prompt))
    await reader.end()
    expect(reader.events.at(-1)).toMatchObject({ event: 'failed', data: 'the answer broke off' })
    await until(() => lasting.failures.length === before + 1)
  })

  test('that does not exist gets 204, which stops an EventSource', async () => {
    expect((await connect(lasting.app, '/answers/none')).status).toBe(204)
    expect(lasting.answers.has('answer:none')).toBe(false)
  })
})
