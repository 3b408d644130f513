import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { takeData } from './take-events.js'

/** HTTP methods: all get a stream except `HEAD`, which gets the response headers only. */
export function methodScenarios({ scenario, traits }: Script): void {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    scenario(`${method} requests get a stream`, async (stage) => {
      const served = await stage.serve(({ sse }) => sse(['one']))
      const reader = await served.open('/', { method })
      assert.equal(reader.status, 200)
      assert.deepEqual(await takeData(reader, 1), ['one'])
      assert.equal(await reader.end(), 'complete')
    })
  }

  scenario('a HEAD request gets the headers of a stream and ends', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open('/', { method: 'HEAD' })
    assert.equal(reader.status, 200)
    assert.equal(reader.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(await reader.end(), 'complete')
    assert.equal(reader.text, '')
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    assert.equal(channel.subscriberCount, 0)
    assert.equal(served.manager.stats().connections, 0)
  })

  scenario('a HEAD request does not call a function source', async (stage) => {
    let calls = 0
    const served = await stage.serve(({ sse }) =>
      sse(() => {
        calls += 1
      }),
    )
    const reader = await served.open('/', { method: 'HEAD' })
    assert.equal(await reader.end(), 'complete')
    await (await served.request()).outcome()
    assert.equal(calls, 0)
  })

  scenario('a HEAD request releases an iterable without calling next()', async (stage) => {
    const calls: string[] = []
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          calls.push('next')
          return { done: false, value: 'x' }
        },
        return: async () => {
          calls.push('return')
          return { done: true, value: undefined }
        },
      }),
    }
    const served = await stage.serve(({ sse }) => sse(source))
    await (await served.open('/', { method: 'HEAD' })).end()
    await (await served.request()).outcome()
    assert.deepEqual(calls, ['return'])
  })

  const bodies: readonly (readonly [what: string, headers: Readonly<Record<string, string>>])[] = [
    ['a body', {}],
    // HTTP/2 has no chunked encoding.
    ...(traits.httpVersion === 1 ? [['a chunked body', { 'transfer-encoding': 'chunked' }] as const] : []),
  ]
  for (const [what, headers] of bodies) {
    scenario(`a POST with ${what} that is never read gets a stream, and its disconnect is detected`, async (stage) => {
      const channel = new SseChannel('news')
      const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
      // More than Node reads ahead, so that an unread body would block the connection.
      const reader = await served.open('/', {
        method: 'POST',
        headers: { 'content-type': 'text/plain', ...headers },
        body: 'x'.repeat(1_000_000),
      })
      await channel.broadcast('one')
      assert.deepEqual(await takeData(reader, 1), ['one'])
      reader.abort()
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'client' })
      assert.equal(channel.subscriberCount, 0)
    })
  }
}
