import { strict as assert } from 'node:assert'
import { SseChannel, type SseOptions, type SseSource } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import type { Script } from './scenario.js'

/** Response headers that Node refuses to send; part of them may come from a request. */
export function invalidHeaderScenarios({ scenario, traits }: Script): void {
  const heads: readonly (readonly [what: string, options: SseOptions, error: object])[] = [
    ['a header value beyond Latin-1', { headers: { 'X-Room': '€' } }, { code: 'ERR_INVALID_CHAR' }],
    ['a header value with a line break', { headers: { 'X-Room': 'a\r\nSet-Cookie: b' } }, { code: 'ERR_INVALID_CHAR' }],
    ['one invalid header value of several', { headers: { 'X-Room': ['fine', '€'] } }, { code: 'ERR_INVALID_CHAR' }],
    ['a header name with a space', { headers: { 'X Room': 'a' } }, { code: 'ERR_INVALID_HTTP_TOKEN' }],
    ['a status below 100', { status: 99 }, { name: 'RangeError' }],
    ['a status that is not a number', { status: 'x' as unknown as number }, { name: 'RangeError' }],
    ['an interim status (103)', { status: 103 }, { name: 'RangeError' }],
  ]
  // Neither is ready by itself. The headers of the second would first be sent when its maximum age ends it.
  const sources: readonly (readonly [what: string, make: () => SseSource])[] = [
    ['a channel', () => new SseChannel('news')],
    ['a source that is never ready', () => () => new Promise(() => {})],
  ]
  for (const [what, head, expected] of heads) {
    for (const [which, make] of sources) {
      scenario(`${what}, for ${which}, is answered with the framework's 500`, async (stage) => {
        const served = await stage.serve(({ sse }) => sse(make(), { ...head, maxConnectionAgeMs: 1 }))
        const reader = await served.open()
        assert.equal(reader.status, 500)
        assert.doesNotMatch(reader.headers.get('content-type') ?? '', /event-stream/)
        assert.equal(await reader.end(), 'complete')
        assert.equal(served.reported.length, 1)
        assert.throws(() => {
          throw served.reported[0]
        }, expected)
        assert.equal(served.manager.stats().connections, 0)
        await within(served.manager.close(), 'the manager to close')
      })
    }
  }

  // Node notices these only when the headers are sent. Over HTTP/1 they are ordinary headers.
  for (const [which, make] of sources) {
    scenario(
      `a Keep-Alive header, for ${which}, is allowed over HTTP/1 and answered with 500 over HTTP/2`,
      async (stage) => {
        const served = await stage.serve(({ sse }) =>
          sse(make(), { headers: { 'Keep-Alive': 'timeout=60' }, maxConnectionAgeMs: 1 }),
        )
        const reader = await served.open()
        assert.equal(reader.status, traits.httpVersion === 2 ? 500 : 200)
        assert.equal(await reader.end(), 'complete')
        const expectedCodes = traits.httpVersion === 2 ? ['ERR_HTTP2_INVALID_CONNECTION_HEADERS'] : []
        assert.deepEqual(
          served.reported.map((error) => (error as { code?: string }).code),
          expectedCodes,
        )
        assert.equal(served.manager.stats().connections, 0)
        await within(served.manager.close(), 'the manager to close')
      },
    )
  }

  scenario('a response with invalid headers does not stop its signal from ending other streams', async (stage) => {
    const controller = new AbortController()
    const { signal } = controller
    const served = await stage.serve({
      '/bad': ({ sse }) => sse(() => new Promise(() => {}), { signal, headers: { 'X-Room': '€' } }),
      '/good': ({ sse }) => sse(new SseChannel('news'), { signal }),
    })
    assert.equal((await served.open('/bad')).status, 500)
    const good = await served.open('/good')
    controller.abort()
    assert.equal(await good.end(), 'complete')
    assert.deepEqual(await (await served.request(1)).outcome(), { reason: 'aborted' })
  })
}
