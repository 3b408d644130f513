import { strict as assert } from 'node:assert'
import type { SseManager } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Route } from './subject.js'
import { takeData, takeNews } from './take-events.js'

/** `maxChannels`, and channels that are no longer used. */
export function channelLimitScenarios({ scenario, traits }: Script): void {
  const tooMany = { name: 'SseError', code: 'ERR_SSE_LIMIT', statusCode: 503 } as const

  scenario(
    "a channel over maxChannels is answered with the framework's 503, until another one is deleted",
    async (stage) => {
      const manager = stage.manager({ maxChannels: 1 })
      const served = await stage.serve(roomsOf(manager), { manager })
      const first = await served.open('/first')
      const refused = await served.open('/second')
      assert.equal(refused.status, 503)
      assert.doesNotMatch(refused.headers.get('content-type') ?? '', /event-stream/)
      assert.equal(await refused.end(), 'complete')
      assert.equal(served.reported.length, 1)
      assert.throws(() => {
        throw served.reported[0]
      }, tooMany)
      // A channel that exists already is not a new one.
      assert.equal((await served.open('/first')).status, 200)
      manager.delete('first')
      await first.end()
      assert.equal((await served.open('/second')).status, 200)
      assert.deepEqual(manager.listChannels(), ['second'])
    },
  )

  if (traits.injectsChannels) {
    scenario(
      "injectChannel() answers a channel over maxChannels with the framework's 503, before the route",
      async (stage) => {
        const manager = stage.manager({ maxChannels: 1 })
        const route: Route = ({ sse, injectedChannel }) => sse(injectedChannel ?? assert.fail('no channel'))
        const served = await stage.serve(
          { '/first': route, '/second': route },
          { manager, injectChannel: { name: (path) => path.slice(1) } },
        )
        await served.open('/first')
        const refused = await served.open('/second')
        assert.equal(refused.status, 503)
        assert.equal(await refused.end(), 'complete')
        assert.equal(served.requests.length, 1)
        assert.equal(served.reported.length, 1)
        assert.throws(() => {
          throw served.reported[0]
        }, tooMany)
        manager.delete('first')
        assert.equal((await served.open('/second')).status, 200)
      },
    )
  }

  scenario('a channel that is idle for idleChannelMs makes room for another one', async (stage) => {
    const manager = stage.manager({ maxChannels: 1, idleChannelMs: 20, history: { maxAgeMs: 0 } })
    const served = await stage.serve(roomsOf(manager), { manager })
    const reader = await served.open('/first')
    await subscribed(manager.getOrCreate('first'))
    await subscribed(manager.getOrCreate('first'))
    assert.equal((await served.open('/second')).status, 503)
    reader.abort()
    await eventually(() => manager.stats().channels === 0, 'the channel to be idle')
    assert.equal((await served.open('/second')).status, 200)
  })

  scenario('a client that reconnects to a channel that was idle gets a gap only if it missed events', async (stage) => {
    const manager = stage.manager({ idleChannelMs: 0, history: { maxAgeMs: 20 } })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const before = await served.open()
    await subscribed(channel)
    const missed = await channel.broadcast('missed by one')
    const newest = await channel.broadcast('received')
    assert.deepEqual(await takeData(before, 2), ['missed by one', 'received'])
    before.abort()
    await eventually(() => manager.stats().channels === 0, 'the channel to be idle')
    const [upToDate, behind] = [await served.resume(newest), await served.resume(missed)]
    const [gap] = await takeNews(behind, 1)
    assert.equal(gap?.event, 'sse-gap')
    assert.deepEqual(JSON.parse(gap.data), { lastEventId: missed, oldestId: null })
    await subscribed(channel, 2)
    await channel.broadcast('goes on')
    for (const reader of [upToDate, behind]) assert.deepEqual(await takeData(reader, 1), ['goes on'])
    assert.equal(upToDate.text.includes('sse-gap'), false)
    assert.equal(manager.getOrCreate('news'), channel)
  })
}

/** Routes that create the channel of their path when it is requested. */
function roomsOf(manager: SseManager): Readonly<Record<string, Route>> {
  const room =
    (name: string): Route =>
    ({ sse }) =>
      sse(manager.getOrCreate(name))
  return { '/first': room('first'), '/second': room('second') }
}
