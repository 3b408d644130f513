import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { respond, SseManager } from '@ssekit/sse-core'
import { type BareServer, startServer } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

// Jest fails a test in which a rejection stays unhandled or an exception uncaught, so each of these says that too.

let manager: SseManager
let errors: unknown[]
let server: BareServer
beforeEach(() => {
  errors = []
  manager = new SseManager({ onError: (error) => errors.push(error) })
})
afterEach(async () => {
  await server.close()
  expect(manager.stats().connections).toBe(0)
})

describe('if other code', () => {
  const acts: Record<string, (res: ServerResponse) => void> = {
    'ends the response': (res) => void res.end(),
    'ends the response with a body': (res) => void res.end('data: not ours\n\n'),
    'destroys the response': (res) => void res.destroy(),
    'destroys the response with an error': (res) => void res.destroy(new Error('of other code')),
    'destroys the socket': (res) => void res.socket?.destroy(),
    'resets the socket': (res) => void res.socket?.resetAndDestroy(),
  }
  const moments = ['before sse()', 'in the same turn', 'after the first event'] as const
  const cases = moments.flatMap((moment) => Object.keys(acts).map((act) => [act, moment] as const))
  test.each(cases)('%s %s, the stream ends, and the promise settles', async (act, moment) => {
    const news = manager.getOrCreate('news')
    let response: ServerResponse | undefined
    let outcome: Promise<unknown> = Promise.resolve()
    server = await startServer((req, res) => {
      response = res
      if (moment === 'before sse()') acts[act]?.(res)
      outcome = respond(req, res, news, { manager, rewind: 1 }).catch((error: { code?: string }) => error.code)
      if (moment === 'in the same turn') acts[act]?.(res)
      void news.broadcast('after that')
    })
    await news.broadcast('first')
    const client = new RawClient(server.url)
    if (moment === 'after the first event') {
      await client.until(() => client.data.includes('first'))
      if (response !== undefined) acts[act]?.(response)
    }
    await news.broadcast('and that')
    await client.until(() => client.isOver)
    const isEnd = act.startsWith('ends')
    expect(await outcome).toBe(isEnd ? (moment === 'before sse()' ? 'ERR_SSE_HEADERS_SENT' : 'end') : 'client')
    expect(news.subscriberCount).toBe(0)
    expect(errors).toEqual([])
  })

  test.each([
    ['the signal aborts', (controller: AbortController) => controller.abort()],
    ['the manager closes', () => void manager.close({ graceMs: 0 })],
    ['the connection is disconnected', () => void manager.disconnect(() => true)],
  ])('has begun the response before the stream did, and then %s, nothing is thrown', async (_name, act) => {
    const controller = new AbortController()
    let outcome: Promise<unknown> = Promise.resolve()
    server = await startServer((req, res) => {
      outcome = respond(req, res, () => new Promise(() => {}), { manager, signal: controller.signal })
      res.writeHead(200).write('not ours')
    })
    const client = new RawClient(server.url)
    await client.until(() => client.text === 'not ours')
    act(controller)
    expect(await outcome).toMatch(/^(aborted|shutdown|kicked)$/)
    expect(client.text).toBe('not ours')
    await client.leave()
  })
})
