import { strict as assert } from 'node:assert'
import { formatEvent, type SseEvent, type SseSource, SseStream } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { dataOf, takeData } from './take-events.js'

const MAX_EVENT_BYTES = 100
const TOO_LARGE = { name: 'SseError', code: 'ERR_SSE_LIMIT', statusCode: 503 } as const

/** An event of exactly this many encoded bytes, its id included if it has one. */
function eventOf(bytes: number, fields: Omit<SseEvent, 'data'> = {}, eol: '\n' | '\r\n' = '\n'): SseEvent {
  // The data is mostly two-byte characters, so that counting characters is not enough.
  const room = bytes - Buffer.byteLength(formatEvent({ ...fields, data: '' }, eol))
  return { ...fields, data: 'x'.repeat(room % 2) + 'ä'.repeat(Math.floor(room / 2)) }
}

/** `maxEventBytes`: an event that is too large is refused before any client gets a byte of it. */
export function eventSizeScenarios({ scenario, traits }: Script): void {
  scenario(
    'broadcast() accepts an event of exactly maxEventBytes, and rejects one byte more without sending it',
    async (stage) => {
      const manager = stage.manager({ maxEventBytes: MAX_EVENT_BYTES })
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
      const reader = await served.open()
      for (const fields of [{}, { id: 'mine' }, { event: 'order', comment: 'why' }]) {
        const fits = eventOf(MAX_EVENT_BYTES, fields)
        const id = await channel.broadcast(fits)
        await assert.rejects(channel.broadcast(eventOf(MAX_EVENT_BYTES + 1, fields)), TOO_LARGE)
        assert.equal(channel.lastEventId, id)
        assert.deepEqual(await takeData(reader, 1), [fits.data])
      }
      // A last event that is too large does not end the channel either.
      await assert.rejects(channel.end(eventOf(MAX_EVENT_BYTES + 1)), TOO_LARGE)
      await channel.broadcast('goes on')
      assert.deepEqual(await takeData(reader, 1), ['goes on'])
      assert.equal(reader.events.length, 4)
      assert.deepEqual(stage.errors, [])
    },
  )

  scenario('the error of an oversized broadcast that is not awaited goes to onError', async (stage) => {
    const manager = stage.manager({ maxEventBytes: MAX_EVENT_BYTES })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const reader = await served.open()
    void channel.broadcast(eventOf(MAX_EVENT_BYTES + 1))
    void channel.broadcast('goes on')
    assert.deepEqual(await takeData(reader, 1), ['goes on'])
    assert.deepEqual(stage.errors.map(codeOf), ['ERR_SSE_LIMIT'])
  })

  scenario("a channel's own maxEventBytes overrides the manager's", async (stage) => {
    const manager = stage.manager({ maxEventBytes: 10 })
    const channel = manager.getOrCreate('news', { maxEventBytes: MAX_EVENT_BYTES })
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const reader = await served.open()
    const fits = eventOf(MAX_EVENT_BYTES)
    await channel.broadcast(fits)
    assert.deepEqual(await takeData(reader, 1), [fits.data])
    await assert.rejects(manager.getOrCreate('other').broadcast(fits), TOO_LARGE)
  })

  for (const eol of ['\n', '\r\n'] as const) {
    const what = JSON.stringify(eol)
    scenario(
      `send() rejects an event that is too large with line endings ${what}, and the stream continues`,
      async (stage) => {
        const manager = stage.manager({ maxEventBytes: MAX_EVENT_BYTES })
        const fits = eventOf(MAX_EVENT_BYTES, { event: 'order' }, eol)
        const served = await stage.serve(
          ({ sse }) =>
            sse(
              async (connection) => {
                await assert.rejects(connection.send(eventOf(MAX_EVENT_BYTES + 1, { event: 'order' }, eol)), TOO_LARGE)
                await connection.send(fits)
              },
              { eol },
            ),
          { manager },
        )
        const reader = await served.open()
        assert.equal(await reader.end(), 'complete')
        assert.deepEqual(dataOf(reader), [fits.data])
        assert.deepEqual(stage.errors, [])
      },
    )
  }

  const sources: readonly (readonly [what: string, make: (events: readonly SseEvent[]) => SseSource])[] = [
    ['an iterable', (events) => events],
    ['an SseStream', (events) => events.reduce((stream, event) => stream.add(event), new SseStream())],
  ]
  for (const [what, make] of sources) {
    scenario(`an oversized event of ${what} ends the stream with an error`, async (stage) => {
      const manager = stage.manager({ maxEventBytes: MAX_EVENT_BYTES })
      const events = [{ data: 'small' }, eventOf(MAX_EVENT_BYTES + 1), { data: 'never' }]
      const served = await stage.serve(({ sse }) => sse(make(events)), { manager })
      const reader = await served.open()
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(dataOf(reader), ['small'])
      const outcome = await (await served.request()).outcome()
      assert.equal(
        'reason' in outcome ? outcome.reason : codeOf(outcome.error),
        traits.errors === 'reject' ? 'ERR_SSE_LIMIT' : 'error',
      )
      assert.deepEqual(stage.errors.map(codeOf), ['ERR_SSE_LIMIT'])
    })
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
