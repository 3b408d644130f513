import { describe, expect, test } from '@jest/globals'
import { AbstractChat, DefaultChatTransport, type UIMessage } from 'ai'
import { hurry } from '../../from-python/test/hurry.js'
import { serve, until } from '../../from-python/test/serving.js'

hurry()
const { stops } = await import('../src/chat-model.js')
const plain = await import('../src/use-chat.js')
const resumable = await import('../src/use-chat-resume.js')

const TEXT = 'Server-Sent Events:\n\n  - one\r\n  - way'
const restarting = { data: { type: 'error', errorText: 'the server restarts' } }

/** What useChat() of `@ai-sdk/react` keeps in a component. */
class Chat extends AbstractChat<UIMessage> {
  readonly errors: string[] = []

  constructor(origin: string, id: string, messages: UIMessage[] = []) {
    super({
      id,
      transport: new DefaultChatTransport({ api: `${origin}/api/chat` }),
      onError: ({ message }) => this.errors.push(message),
      state: {
        status: 'ready',
        error: undefined,
        messages,
        pushMessage: (message) => messages.push(message),
        popMessage: () => messages.pop(),
        replaceMessage: (index, message) => messages.splice(index, 1, message),
        snapshot: structuredClone,
      },
    })
  }

  /** The text of all messages. */
  get texts(): string[] {
    return this.messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))
  }

  /** Asks, and resolves once the answer has begun. */
  async begin(text: string): Promise<{ readonly sent: Promise<void> }> {
    const { length } = this.messages
    const sent = this.sendMessage({ text })
    await until(() => this.messages.length === length + 2 && this.texts.at(-1) !== '')
    return { sent }
  }
}

const servers = [
  ['without', plain],
  ['with', resumable],
] as const

describe.each(servers)('a useChat server %s resuming', (_, recipe) => {
  test('answers each message of a chat with every space and line break of the model', async () => {
    const chat = new Chat(await serve(recipe.app), 'two questions')
    await chat.sendMessage({ text: 'what is SSE?' })
    await chat.sendMessage({ text: 'again' })
    expect(chat.texts).toEqual(['what is SSE?', TEXT, 'again', TEXT])
    expect(chat.errors).toEqual([])
  })

  test('sends an error that useChat shows if the model breaks off, and only the server learns why', async () => {
    const reported = recipe.failures.length
    const chat = new Chat(await serve(recipe.app), 'a failure')
    await chat.sendMessage({ text: 'break' })
    expect(chat.status).toBe('error')
    expect(chat.errors).toEqual(['the answer broke off'])
    await until(() => recipe.failures.length === reported + 1)
    expect(String(recipe.failures.at(-1))).toContain('sk-1234')
  })

  test.each([null, '{}', '{"id":"a","messages":[]}', '{"id":"a","messages":[{}]}'])(
    'answers %j with 400',
    async (body) => {
      const request = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }
      expect((await fetch(`${await serve(recipe.app)}/api/chat`, request)).status).toBe(400)
    },
  )
})

test('a useChat server without resuming stops the model when the client disconnects', async () => {
  const chat = new Chat(await serve(plain.app), 'a client that leaves')
  const { count } = stops
  const { sent } = await chat.begin('endless')
  await chat.stop()
  await sent
  await until(() => stops.count === count + 1)
})

describe('a useChat server with resuming', () => {
  test('continues the answer for a page that is reloaded', async () => {
    const origin = await serve(resumable.app)
    const before = new Chat(origin, 'a reload')
    const { sent } = await before.begin('what is SSE?')
    await before.stop()
    await sent
    const after = new Chat(origin, 'a reload', before.messages.slice(0, 1))
    await after.resumeStream()
    expect(after.texts).toEqual(['what is SSE?', TEXT])
  })

  test('replaces the part of the answer that a page has already', async () => {
    const chat = new Chat(await serve(resumable.app), 'a break')
    const { sent } = await chat.begin('what is SSE?')
    resumable.answers.disconnect(() => true)
    await sent
    await chat.resumeStream()
    expect(chat.texts).toEqual(['what is SSE?', TEXT])
  })

  test('answers 204 if nothing is being written, which useChat ignores', async () => {
    const origin = await serve(resumable.app)
    const chat = new Chat(origin, 'at rest')
    await chat.sendMessage({ text: 'what is SSE?' })
    await until(() => !resumable.running.has('at rest'))
    await chat.resumeStream()
    expect(chat.texts).toEqual(['what is SSE?', TEXT])
    expect(chat.errors).toEqual([])
    expect((await fetch(`${origin}/api/chat/none/stream`)).status).toBe(204)
  })

  test('stops the model by its own route, and each reader gets the end of the answer', async () => {
    const origin = await serve(resumable.app)
    const chat = new Chat(origin, 'stopped')
    const { count } = stops
    const { sent } = await chat.begin('endless')
    const other = new Chat(origin, 'stopped', chat.messages.slice(0, 1))
    const resumed = other.resumeStream()
    await until(() => other.messages.length === 2)
    expect((await fetch(`${origin}/api/chat/stopped/stop`, { method: 'POST' })).status).toBe(204)
    await Promise.all([sent, resumed])
    expect(stops.count).toBe(count + 1)
    expect(chat.texts).toEqual(['endless', 'Server'])
    expect(other.texts).toEqual(chat.texts)
    expect([...chat.errors, ...other.errors]).toEqual([])
  })

  test('stops the answer to a first question when a second one is asked in the same chat', async () => {
    const origin = await serve(resumable.app)
    const first = new Chat(origin, 'two tabs')
    const { sent } = await first.begin('endless')
    const second = new Chat(origin, 'two tabs')
    await second.sendMessage({ text: 'what is SSE?' })
    await sent
    expect(first.texts).toEqual(['endless', 'Server'])
    expect(first.errors).toEqual([])
    expect(second.texts).toEqual(['what is SSE?', TEXT])
  })

  // The last test of this file: its server is shut down.
  test('tells useChat of a shutdown by an event with an error, and stops the model', async () => {
    const chat = new Chat(await serve(resumable.app), 'a shutdown')
    const { count } = stops
    const { sent } = await chat.begin('endless')
    await resumable.answers.close({ event: restarting })
    await sent
    expect(chat.errors).toEqual(['the server restarts'])
    await until(() => stops.count === count + 1)
    const late = new Chat(await serve(resumable.app), 'late')
    await late.sendMessage({ text: 'what is SSE?' })
    expect(late.status).toBe('error')
  })
})
