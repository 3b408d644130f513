import { strict as assert } from 'node:assert'
import { type HistoryLimits, SseChannel } from '@ssekit/sse-core'
import { eventually, oneTurn } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData, takeNews } from './take-events.js'

/** The size of one event in the history: `{ id: 'n1', data: '1' }`. */
const FRAME = Buffer.byteLength('id: n1\ndata: 1\n\n')

/** What a channel keeps for clients that reconnect, by each of its limits. */
export function historyLimitScenarios({ scenario }: Script): void {
  const limits: readonly (readonly [what: string, history: HistoryLimits])[] = [
    ['maxEvents', { maxEvents: 3 }],
    ['maxBytes', { maxBytes: 3 * FRAME }],
    ['maxBytes for 3.9 events', { maxBytes: 4 * FRAME - 1 }],
  ]
  for (const [what, history] of limits) {
    scenario(
      `over ${what} a channel evicts the oldest events, and a client that missed them gets a gap`,
      async (stage) => {
        const channel = new SseChannel('news', { history })
        const served = await stage.serve(({ sse }) => sse(channel))
        const live = await served.open()
        await subscribed(channel)
        await publish(channel, 1, 6)
        const [gap, ...rest] = await takeNews(await served.resume('n2'), 4)
        assert.equal(gap?.event, 'sse-gap')
        assert.deepEqual(JSON.parse(gap.data), { lastEventId: 'n2', oldestId: 'n4' })
        assert.deepEqual(
          rest.map(({ data }) => data),
          numbers(4, 6),
        )
        // A client whose last event was the newest one forgotten has missed nothing, and neither has one that stayed
        // connected.
        const near = await served.resume('n3')
        assert.deepEqual(await takeData(near, 3), numbers(4, 6))
        assert.equal(near.text.includes('sse-gap'), false)
        assert.deepEqual(await takeData(live, 6), numbers(1, 6))
      },
    )
  }

  scenario('events older than maxAgeMs are evicted while the channel has clients, and cause a gap', async (stage) => {
    const manager = stage.manager({ history: { maxAgeMs: 40 } })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const live = await served.open()
    await subscribed(channel)
    await publish(channel, 1, 2)
    await eventually(() => manager.stats().historyBytes === 0, 'the history to be evicted')
    const [gap] = await takeNews(await served.resume('n1'), 1)
    assert.deepEqual(JSON.parse(gap?.data ?? ''), { lastEventId: 'n1', oldestId: null })
    const near = await served.resume('n2')
    await subscribed(channel, 3)
    await publish(channel, 3, 3)
    assert.deepEqual(await takeData(near, 1), ['3'])
    assert.deepEqual(await takeData(live, 3), numbers(1, 3))
  })

  for (const history of [{ maxEvents: 0 }, { maxBytes: 0 }]) {
    scenario(`history ${JSON.stringify(history)} retains nothing, and live events still arrive`, async (stage) => {
      const channel = new SseChannel('news', { history })
      const served = await stage.serve(({ sse }) => sse(channel))
      const live = await served.open()
      await subscribed(channel)
      await publish(channel, 1, 3)
      assert.deepEqual(await takeData(live, 3), numbers(1, 3))
      const near = await served.resume('n3')
      const [gap] = await takeNews(await served.resume('n2'), 1)
      assert.deepEqual(JSON.parse(gap?.data ?? ''), { lastEventId: 'n2', oldestId: null })
      await publish(channel, 4, 4)
      assert.deepEqual(await takeData(near, 1), ['4'])
      assert.deepEqual(dataOf(near), ['4'])
    })
  }

  scenario("a channel's own history overrides a shorter one of the manager", async (stage) => {
    const manager = stage.manager({ history: { maxEvents: 1 } })
    const channel = manager.getOrCreate('news', { history: { maxEvents: 3 } })
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    await publish(channel, 1, 4)
    assert.deepEqual(await takeData(await served.resume('n1'), 3), numbers(2, 4))
  })

  scenario(
    'over maxHistoryBytes the channel that was idle longest evicts events, and its clients get a gap',
    async (stage) => {
      const manager = stage.manager({ maxHistoryBytes: 4 * FRAME })
      const [rests, busy] = [manager.getOrCreate('rests'), manager.getOrCreate('busy')]
      const served = await stage.serve(
        { '/rests': ({ sse }) => sse(rests), '/busy': ({ sse }) => sse(busy) },
        { manager },
      )
      // The last write counts, not the first.
      await publish(busy, 1, 1)
      await publish(rests, 1, 3)
      await publish(busy, 2, 3)
      assert.equal(manager.stats().historyBytes, 4 * FRAME)
      const [gap, last] = await takeNews(await served.resume('n1', '/rests'), 2)
      assert.deepEqual(JSON.parse(gap?.data ?? ''), { lastEventId: 'n1', oldestId: 'n3' })
      assert.equal(last?.data, '3')
      assert.deepEqual(await takeData(await served.resume('n1', '/busy'), 2), numbers(2, 3))
    },
  )
}

/** Broadcasts numbers with known ids, and waits until what exceeds the limits is forgotten. */
async function publish(channel: SseChannel, from: number, to: number): Promise<void> {
  for (const data of numbers(from, to)) await channel.broadcast({ id: `n${data}`, data })
  // Readers have a turn of the event loop to read a burst that is longer than the history.
  await oneTurn()
  await oneTurn()
}
