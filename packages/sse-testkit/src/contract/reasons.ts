import { strict as assert } from 'node:assert'
import { SseChannel, type SseConnection } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'

/** Why streams end, and where that is reported. */
export function reasonScenarios({ scenario, traits }: Script): void {
  scenario('aborting the signal sends pending events and ends the stream as aborted', async (stage) => {
    const controller = new AbortController()
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { signal: controller.signal }))
    const reader = await served.open()
    await subscribed(channel)
    // An event broadcast in the same tick, before the abort, is still delivered.
    void channel.broadcast('last')
    controller.abort()
    assert.equal(await reader.end(), 'complete')
    assert.equal(reader.events.at(-1)?.data, 'last')
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'aborted' })
    assert.equal(channel.subscriberCount, 0)
  })

  scenario(
    'a signal that is already aborted ends the stream at once, and its function is not called',
    async (stage) => {
      let calls = 0
      const served = await stage.serve(({ sse }) =>
        sse(
          () => {
            calls += 1
          },
          { signal: AbortSignal.abort() },
        ),
      )
      const reader = await served.open()
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'aborted' })
      assert.equal(calls, 0)
    },
  )

  scenario('manager.disconnect() ends only the selected connections, without their pending events', async (stage) => {
    const manager = stage.manager()
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(
      {
        '/ann': ({ sse }) => sse(channel, { key: 'ann', context: { session: 1 } }),
        '/bob': ({ sse }) => sse(channel, { key: 'bob', context: { session: 2 } }),
      },
      { manager },
    )
    const [ann, bob] = [await served.open('/ann'), await served.open('/bob')]
    await subscribed(channel, 2)
    const isAnn = ({ context, key }: SseConnection): boolean =>
      key === 'ann' && (context as { session: number }).session === 1
    // An event broadcast in the same tick must not reach a connection that is being disconnected.
    void channel.broadcast('secret')
    assert.equal(manager.disconnect(isAnn), 1)
    assert.equal(manager.disconnect(isAnn), 0)
    assert.equal(await ann.end(), 'complete')
    assert.equal(ann.text.includes('secret'), false)
    assert.deepEqual(await (await served.request(0)).outcome(), { reason: 'kicked' })
    await bob.until(() => bob.text.includes('secret'), "Bob's event")
  })

  scenario('manager.disconnect() accepts another close reason', async (stage) => {
    const manager = stage.manager()
    const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('news')), { manager })
    await served.open()
    assert.equal(
      manager.disconnect(() => true, 'limit'),
      1,
    )
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'limit' })
    assert.deepEqual(manager.stats().closed, { limit: 1 })
  })

  scenario('connection.close() ends the stream after the events it has sent', async (stage) => {
    const served = await stage.serve(({ sse }) =>
      sse((connection) => {
        void connection.send('last words')
        connection.close('kicked')
        return new Promise(() => {})
      }),
    )
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.equal(reader.events[0]?.data, 'last words')
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'kicked' })
  })

  if (traits.api === 'node') {
    scenario("res.end() by other code ends the stream as 'end', and reports no error", async (stage) => {
      const channel = new SseChannel('news')
      const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
      const reader = await served.open()
      await subscribed(channel)
      const request = await served.request()
      void channel.broadcast('too late')
      request.res.end()
      void channel.broadcast('too late')
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(await request.outcome(), { reason: 'end' })
      assert.equal(channel.subscriberCount, 0)
      assert.deepEqual(served.reported, [])
      assert.deepEqual(stage.errors, [])
    })
  }

  scenario('a function gets the request, last event id, context and key of its connection', async (stage) => {
    const seen: unknown[] = []
    const served = await stage.serve(({ sse, req }) =>
      sse(
        (connection) => {
          const isSame = traits.api === 'node' ? connection.req === req : connection.req.url === req.url
          seen.push(isSame, connection.lastEventId, connection.context, connection.key)
          seen.push(connection.signal.aborted)
        },
        { context: { user: 'ann' }, key: 'ann' },
      ),
    )
    await (await served.resume('a 7')).end()
    assert.deepEqual(seen, [true, 'a 7', { user: 'ann' }, 'ann', false])
  })
}
