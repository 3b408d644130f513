import { strict as assert } from 'node:assert'
import { AsyncLocalStorage } from 'node:async_hooks'
import { SseChannel } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { takeData } from './take-events.js'

/** What must not mix: managers, servers, and the async contexts of publishers and readers. */
export function isolationScenarios({ scenario }: Script): void {
  scenario('two managers in one process share no channels, limits or stats', async (stage) => {
    const managers = [stage.manager({ maxConnections: 1 }), stage.manager({ maxConnections: 1 })] as const
    const channels = managers.map((manager) => manager.getOrCreate('news'))
    const servers = await Promise.all(
      managers.map((manager, index) =>
        stage.serve(({ sse }) => sse(channels[index] as SseChannel, { checkpoints: false }), { manager }),
      ),
    )
    const readers = await Promise.all(servers.map((served) => served.open()))
    assert.notEqual(channels[0], channels[1])
    await channels[0]?.broadcast('for the first')
    await channels[1]?.broadcast('for the second')
    assert.deepEqual(await takeData(readers[0] ?? assert.fail(), 1), ['for the first'])
    assert.deepEqual(await takeData(readers[1] ?? assert.fail(), 1), ['for the second'])
    assert.deepEqual(
      managers.map((manager) => manager.stats().connections),
      [1, 1],
    )
  })

  scenario('two servers can share a manager, whose limits then apply to both together', async (stage) => {
    const manager = stage.manager({ maxConnections: 2 })
    const channel = manager.getOrCreate('news')
    const first = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const second = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const [one, two] = [await first.open(), await second.open()]
    await channel.broadcast('for both')
    assert.deepEqual(await takeData(one, 1), ['for both'])
    assert.deepEqual(await takeData(two, 1), ['for both'])
    assert.equal(await (await first.open()).end(), 'complete')
    assert.deepEqual(manager.stats().closed, { limit: 1 })
  })

  scenario('callbacks run in the async context of their request, not of the publisher', async (stage) => {
    const storage = new AsyncLocalStorage<string>()
    const seen = new Set<string>()
    const note = (what: string): void => {
      seen.add(`${what}: ${storage.getStore()}`)
    }
    const channel = new SseChannel('news')
    const route =
      (user: string): Parameters<typeof stage.serve>[0] =>
      ({ sse }) =>
        storage.run(user, () =>
          sse(channel, {
            heartbeatMs: 10,
            filter: () => {
              note(`filter of ${user}`)
              return true
            },
            heartbeat: () => {
              note(`heartbeat of ${user}`)
              return 'beat'
            },
            onClose: () => note(`onClose of ${user}`),
          }),
        )
    const servers = [await stage.serve(route('ann')), await stage.serve(route('bob'))]
    const readers = await Promise.all(servers.map((served) => served.open()))
    await subscribed(channel, 2)
    await storage.run('the publisher', () => channel.broadcast('one'))
    await eventually(() => seen.size === 4, 'filters and heartbeats')
    for (const reader of readers) reader.abort()
    await eventually(() => seen.size === 6, 'onClose')
    assert.deepEqual([...seen].sort(), [
      'filter of ann: ann',
      'filter of bob: bob',
      'heartbeat of ann: ann',
      'heartbeat of bob: bob',
      'onClose of ann: ann',
      'onClose of bob: bob',
    ])
  })
}
