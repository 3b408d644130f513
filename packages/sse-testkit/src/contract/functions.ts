import { strict as assert } from 'node:assert'
import { SseChannel, type SseConnection } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { takeData } from './take-events.js'

/** Functions as sources: what they may return, close and leave unfinished. */
export function functionScenarios({ scenario, traits }: Script): void {
  scenario('a function can return the promise of send()', async (stage) => {
    const served = await stage.serve(({ sse }) => sse((connection) => connection.send('hello')))
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(
      reader.events.map(({ data }) => data),
      ['hello'],
    )
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    assert.deepEqual(served.reported, [])
  })

  const closers: readonly (readonly [how: string, close: (connection: SseConnection) => void])[] = [
    ["connection.close('client')", (connection) => connection.close('client')],
    ["manager.disconnect(…, 'client')", () => {}],
  ]
  for (const [how, close] of closers) {
    scenario(`${how} ends the response of a client that is still connected`, async (stage) => {
      const served = await stage.serve(({ sse }) =>
        sse(async (connection) => {
          await connection.send('one')
          close(connection)
          await new Promise(() => {})
        }),
      )
      const reader = await served.open()
      await takeData(reader, 1)
      served.manager.disconnect(() => true, 'client')
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'client' })
      assert.equal(served.manager.stats().connections, 0)
    })
  }

  scenario(
    'the rewind of a response applies to the subscriptions of its function, unless they set their own',
    async (stage) => {
      const channel = new SseChannel('news')
      for (const data of ['1', '2', '3']) await channel.broadcast(data)
      const served = await stage.serve({
        '/its': ({ sse }) => sse((connection) => connection.subscribe(channel), { rewind: 2 }),
        '/late': ({ sse }) =>
          sse(
            (connection) => {
              connection.open()
              return connection.subscribe(channel)
            },
            { rewind: 2 },
          ),
        '/own': ({ sse }) => sse((connection) => connection.subscribe(channel, { rewind: 1 }), { rewind: 2 }),
      })
      assert.deepEqual(await takeData(await served.open('/its'), 2), ['2', '3'])
      assert.deepEqual(await takeData(await served.open('/late'), 2), ['2', '3'])
      assert.deepEqual(await takeData(await served.open('/own'), 1), ['3'])
    },
  )

  scenario('a failed subscription that is not awaited is reported once', async (stage) => {
    const closed = new SseChannel('news')
    await closed.close()
    const served = await stage.serve({
      '/before': ({ sse }) =>
        sse((connection) => {
          void connection.subscribe(closed)
        }),
      '/after': ({ sse }) =>
        sse((connection) => {
          connection.open()
          void connection.subscribe(closed)
        }),
    })
    const codes = (errors: readonly unknown[]): unknown[] => errors.map((error) => (error as { code?: string }).code)
    assert.equal((await served.open('/before')).status, 500)
    assert.deepEqual(codes(served.reported), ['ERR_SSE_CLOSED'])
    assert.deepEqual(stage.errors, [])
    await (await served.open('/after')).end()
    const outcome = await (await served.request(1)).outcome()
    assert.equal('error' in outcome, traits.errors === 'reject')
    if (traits.api === 'node') await eventually(() => served.reported.length === 2, 'the second error')
    // After the response headers it goes to `onError` too.
    assert.deepEqual(codes(stage.errors), ['ERR_SSE_CLOSED'])
  })
}
