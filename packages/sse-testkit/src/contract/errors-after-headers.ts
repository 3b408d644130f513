import { strict as assert } from 'node:assert'
import { SseChannel, type SseSource } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import { eventually, oneTurn } from './eventually.js'
import { BIG } from './full-socket.js'
import type { Script } from './scenario.js'
import type { Served, Stage } from './stage.js'
import { takeData } from './take-events.js'

/** Errors after the response headers: the stream ends, and the error is reported everywhere except to the client. */
export function errorAfterHeadersScenarios({ scenario, traits }: Script): void {
  const sources: readonly (readonly [what: string, make: (error: Error) => SseSource])[] = [
    [
      'a generator',
      (error) =>
        (function* () {
          yield 'one'
          throw error
        })(),
    ],
    [
      'an async generator',
      (error) =>
        (async function* () {
          yield 'one'
          await new Promise(setImmediate)
          throw error
        })(),
    ],
    [
      'a function',
      (error) => async (connection) => {
        await connection.send('one')
        throw error
      },
    ],
    [
      'a web stream',
      (error) => {
        let isStarted = false
        return new ReadableStream({
          pull(controller) {
            if (isStarted) controller.error(error)
            else controller.enqueue('one')
            isStarted = true
          },
        })
      },
    ],
  ]
  /** What got the error besides `onError`; with the Fetch API, nothing does. */
  const heard = (stage: Stage, served: Served): readonly unknown[] =>
    traits.api === 'node' ? served.reported : stage.errors

  for (const [what, make] of sources) {
    scenario(
      `${what} that fails ends the stream; the error goes to onError and the framework, not to the client`,
      async (stage) => {
        const error = new Error('secret')
        const served = await stage.serve(({ sse }) => sse(make(error)))
        const reader = await served.open()
        assert.deepEqual(await takeData(reader, 1), ['one'])
        assert.equal(await reader.end(), 'complete')
        assert.equal(reader.text.includes('secret'), false)
        const outcome = await (await served.request()).outcome()
        assert.deepEqual(outcome, traits.errors === 'reject' ? { error } : { reason: 'error' })
        await eventually(() => heard(stage, served).length > 0, "the framework's channel for errors")
        assert.deepEqual(served.reported, traits.api === 'node' ? [error] : [])
        assert.deepEqual(stage.errors, [error])
        assert.deepEqual(served.manager.stats().closed, { error: 1 })
      },
    )
  }

  scenario("the framework gets a source's error only after the response has finished", async (stage) => {
    const error = new Error('late')
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        for (let isSent = true; isSent; ) {
          isSent = false
          void connection.send(BIG).then(() => {
            isSent = true
          })
          await oneTurn()
        }
        throw error
      }),
    )
    const reader = await served.open('/', { isPaused: true })
    await eventually(() => served.manager.stats().closed.error === 1, 'the error')
    // Nothing can finish while the client does not read: enough turns for a premature report to show.
    for (let turns = 0; turns < 20; turns++) await oneTurn()
    assert.deepEqual(heard(stage, served), [])
    reader.resume()
    assert.equal(await reader.end(), 'complete')
    await eventually(() => heard(stage, served).length > 0, "the framework's channel for errors")
    assert.deepEqual(heard(stage, served), [error])
  })

  scenario('an iterable that yields an invalid event ends the stream with ERR_SSE_INVALID_EVENT', async (stage) => {
    const served = await stage.serve(({ sse }) => sse([{ data: 'good' }, { event: 'a\nb' }, { data: 'never' }]))
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(await takeData(reader, 1), ['good'])
    assert.equal(reader.events.length, 1)
    await eventually(() => heard(stage, served).length > 0, "the framework's channel for errors")
    assert.equal((heard(stage, served)[0] as { code?: string }).code, 'ERR_SSE_INVALID_EVENT')
  })

  scenario('send() rejects an invalid or oversized event, and the stream continues', async (stage) => {
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        await assert.rejects(connection.send({ data: 1n }), { code: 'ERR_SSE_INVALID_EVENT' })
        await assert.rejects(connection.send('x'.repeat(1024 * 1024)), { code: 'ERR_SSE_LIMIT' })
        // Not awaited.
        void connection.send({ event: 'a\nb' })
        await connection.send('good')
      }),
    )
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(
      reader.events.map(({ data }) => data),
      ['good'],
    )
    await eventually(() => stage.errors.length > 0, 'onError')
    assert.equal((stage.errors[0] as { code?: string }).code, 'ERR_SSE_INVALID_EVENT')
    assert.deepEqual(served.reported, [])
  })

  scenario('a filter that throws ends only its own stream', async (stage) => {
    const error = new Error('filter')
    const channel = new SseChannel('news')
    const served = await stage.serve({
      '/bad': ({ sse }) =>
        sse(channel, {
          checkpoints: false,
          filter: () => {
            throw error
          },
        }),
      '/good': ({ sse }) => sse(channel, { checkpoints: false }),
    })
    const [bad, good] = [await served.open('/bad'), await served.open('/good')]
    await channel.broadcast('one')
    assert.equal(await bad.end(), 'complete')
    await channel.broadcast('two')
    assert.deepEqual(await takeData(good, 2), ['one', 'two'])
    assert.deepEqual(stage.errors, [error])
  })

  scenario('an error thrown by onClose goes to onError, and the stream still ends as usual', async (stage) => {
    const error = new Error('onClose')
    const served = await stage.serve(({ sse }) =>
      sse(['one'], {
        onClose: () => {
          throw error
        },
      }),
    )
    assert.equal(await (await served.open()).end(), 'complete')
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    assert.deepEqual(stage.errors, [error])
  })

  scenario(
    'an error of a function after its client has disconnected is not reported to the framework',
    async (stage) => {
      let fail: ((error: Error) => void) | undefined
      const served = await stage.serve(({ sse }) =>
        sse((connection) => {
          connection.open()
          return new Promise((_, reject) => {
            fail = reject
          })
        }),
      )
      const reader = await served.open()
      reader.abort()
      const request = await served.request()
      assert.deepEqual(await within(request.outcome(), 'the end'), { reason: 'client' })
      fail?.(new Error('too late'))
      await new Promise(setImmediate)
      assert.deepEqual(served.reported, [])
    },
  )
}
