import { strict as assert } from 'node:assert'
import { SseChannel, SseError, type SseOptions, type SseSource } from '@ssekit/sse-core'
import type { Script } from './scenario.js'

/** Errors before the response headers: the framework answers them as it answers any error. */
export function errorBeforeHeadersScenarios({ scenario, traits }: Script): void {
  const teapot = (): Error => Object.assign(new Error('not today'), { status: 418, statusCode: 418 })
  const sources: readonly (readonly [what: string, make: (error: Error) => SseSource])[] = [
    [
      'a function that throws',
      (error) => () => {
        throw error
      },
    ],
    ['a function that rejects', (error) => () => Promise.reject(error)],
    [
      'a function whose iterable fails immediately',
      (error) =>
        async function* () {
          if (error !== undefined) throw error
          yield 'never'
        },
    ],
    [
      'a generator that throws immediately',
      (error) =>
        (function* () {
          if (error !== undefined) throw error
          yield 'never'
        })(),
    ],
    ['an iterable whose first next() rejects', (error) => iterable(() => Promise.reject(error))],
    [
      'an iterable whose next() throws',
      (error) =>
        iterable(() => {
          throw error
        }),
    ],
    [
      'a web stream that fails',
      (error) =>
        new ReadableStream({
          start: (controller) => controller.error(error),
        }),
    ],
  ]
  for (const [what, make] of sources) {
    scenario(`${what} is answered by the framework with the status of the error`, async (stage) => {
      const error = teapot()
      const served = await stage.serve(({ sse }) => sse(make(error)))
      const reader = await served.open()
      assert.equal(reader.status, 418)
      assert.doesNotMatch(reader.headers.get('content-type') ?? '', /event-stream/)
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(served.reported, [error])
      assert.deepEqual(stage.errors, [])
      const outcome = await (await served.request()).outcome()
      assert.deepEqual(outcome, traits.errors === 'reject' ? { error } : { reason: 'error' })
      assert.equal(served.manager.stats().connections, 0)
      assert.deepEqual(served.manager.stats().closed, { error: 1 })
    })
  }

  const mistakes: readonly (readonly [what: string, source: unknown, options: SseOptions, error: object])[] = [
    ['a plain object as the source', { data: 'an event' }, {}, { name: 'TypeError' }],
    ['a number as the source', 5, {}, { name: 'TypeError' }],
    ['a missing source', undefined, {}, { name: 'TypeError' }],
    ['an unknown eol', [], { eol: '\n\n' as '\n' }, { name: 'RangeError' }],
    ['a negative heartbeatMs', [], { heartbeatMs: -1 }, { name: 'RangeError' }],
    ['heartbeatMs: null', [], { heartbeatMs: null as unknown as number }, { name: 'RangeError' }],
    ['a fractional retryMs', [], { retryMs: 1.5 }, { name: 'RangeError' }],
    ['a negative rewind', [], { rewind: -1 }, { name: 'RangeError' }],
  ]
  for (const [what, source, options, expected] of mistakes) {
    scenario(`${what} is answered with the framework's 500`, async (stage) => {
      const served = await stage.serve(({ sse }) => sse(source as SseSource, options))
      assert.equal((await served.open()).status, 500)
      assert.equal(served.reported.length, 1)
      assert.throws(() => {
        throw served.reported[0]
      }, expected)
    })
  }

  scenario("a closed channel is answered with the framework's 500", async (stage) => {
    const channel = new SseChannel('news')
    await channel.close()
    const served = await stage.serve(({ sse }) => sse(channel))
    assert.equal((await served.open()).status, 500)
    assert.equal((served.reported[0] as { code?: string }).code, 'ERR_SSE_CLOSED')
  })

  const unwritable: readonly (readonly [what: string, event: object])[] = [
    ['a field of the wrong type', { data: 'x', retry: 'soon' }],
    ['unknown fields', { object: 'chat.completion.chunk', choices: [] }],
  ]
  for (const [what, event] of unwritable) {
    scenario(`a generator whose first event has ${what} is answered with the framework's 500`, async (stage) => {
      let isLeft = false
      const served = await stage.serve(({ sse }) =>
        sse(
          (async function* () {
            try {
              yield event
            } finally {
              isLeft = true
            }
          })(),
        ),
      )
      const reader = await served.open()
      assert.equal(reader.status, 500)
      assert.doesNotMatch(reader.headers.get('content-type') ?? '', /event-stream/)
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(
        served.reported.map((error) => (error as { code?: string }).code),
        ['ERR_SSE_INVALID_EVENT'],
      )
      assert.equal(isLeft, true)
    })
  }

  scenario(
    'a source that throws ERR_SSE_HEADERS_SENT itself is answered with 500, as for any other error',
    async (stage) => {
      const served = await stage.serve(({ sse }) =>
        sse(() => {
          throw new SseError('ERR_SSE_HEADERS_SENT', 'another response has begun')
        }),
      )
      const reader = await served.open()
      await reader.end()
      assert.equal(reader.status, 500)
    },
  )

  scenario('a client can open a stream after an error response', async (stage) => {
    const served = await stage.serve({
      '/bad': ({ sse }) =>
        sse(() => {
          throw teapot()
        }),
      '/good': ({ sse }) => sse(['one']),
    })
    const [bad, good] = [await served.open('/bad'), await served.open('/good')]
    assert.equal(bad.status, 418)
    assert.equal(good.status, 200)
  })
}

function iterable(next: () => Promise<IteratorResult<string>>): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: () => ({ next }) }
}
