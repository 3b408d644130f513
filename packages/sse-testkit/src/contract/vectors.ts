import { strict as assert } from 'node:assert'
import { merge, SseChannel } from '@ssekit/sse-core'
import { oneTurn } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Route } from './subject.js'
import { dataOf, takeData, takeNews } from './take-events.js'

/** Several channels on one response, resumed by one id. */
export function vectorScenarios({ scenario }: Script): void {
  const ways: readonly (readonly [what: string, route: (...channels: readonly SseChannel[]) => Route])[] = [
    [
      'merged channels',
      (...channels) =>
        ({ sse }) =>
          sse(merge(...channels)),
    ],
    [
      'several subscriptions',
      (...channels) =>
        ({ sse }) =>
          sse(async (connection) => {
            await Promise.all(channels.map((channel) => connection.subscribe(channel)))
          }),
    ],
  ]
  for (const [what, route] of ways) {
    scenario(`${what}: one id resumes all channels`, async (stage) => {
      const [warm, wet] = [new SseChannel('warm'), new SseChannel('wet')]
      const served = await stage.serve(route(warm, wet))
      const first = await served.open()
      await Promise.all([subscribed(warm), subscribed(wet)])
      await warm.broadcast('warm 1')
      await wet.broadcast('wet 1')
      assert.deepEqual((await takeData(first, 2)).sort(), ['warm 1', 'wet 1'])
      first.abort()
      await Promise.all([subscribed(warm, 0), subscribed(wet, 0)])
      await warm.broadcast('warm 2')
      await wet.broadcast('wet 2')
      const second = await served.resume(first.lastEventId)
      assert.deepEqual((await takeData(second, 2)).sort(), ['warm 2', 'wet 2'])
      await wet.broadcast('wet 3')
      assert.deepEqual(await takeData(second, 1), ['wet 3'])
      assert.equal(second.text.includes('sse-gap'), false)
    })

    scenario(
      `${what}: a client cut off before its first event resumes all channels from a checkpoint`,
      async (stage) => {
        const [warm, wet] = [new SseChannel('warm'), new SseChannel('wet')]
        const served = await stage.serve(route(warm, wet))
        const first = await served.open()
        await Promise.all([subscribed(warm), subscribed(wet)])
        await first.until(() => first.lastEventId.includes('~'), 'a checkpoint of both')
        first.abort()
        await wet.broadcast('missed')
        const second = await served.resume(first.lastEventId)
        assert.deepEqual(await takeData(second, 1), ['missed'])
        assert.equal(second.text.includes('sse-gap'), false)
      },
    )

    scenario(`${what}: each channel reports its own gap, with its own part of the client's id`, async (stage) => {
      const [warm, wet] = [new SseChannel('warm'), new SseChannel('wet')]
      const oldest = [await warm.broadcast('warm 1'), await wet.broadcast('wet 1')]
      const served = await stage.serve(route(warm, wet))
      const gaps = [
        { lastEventId: 'dead.7', oldestId: oldest[0], channel: 'warm' },
        { lastEventId: 'dead.9', oldestId: oldest[1], channel: 'wet' },
      ]
      const reader = await served.resume('dead.7~dead.9')
      await reader.until(() => dataOf(reader).includes('warm 1') && dataOf(reader).includes('wet 1'), 'both')
      const reported = reader.events.filter(({ event }) => event === 'sse-gap')
      assert.deepEqual(
        reported.map(({ data }) => JSON.parse(data) as unknown),
        gaps,
      )
      // A client that loses its connection between the two gaps still gets the second one.
      const again = await served.resume(reported[0]?.id ?? '')
      const [gap] = await again.take(1, ({ event }) => event === 'sse-gap')
      assert.deepEqual(JSON.parse(gap?.data ?? ''), gaps[1])
    })
  }

  scenario("a publisher's id that contains a tilde is not taken for an id of several channels", async (stage) => {
    const channel = new SseChannel('news', { history: { maxEvents: 2 } })
    const served = await stage.serve(({ sse }) => sse((connection) => connection.subscribe(channel)))
    for (const id of ['a~1', 'a~2', 'a~3']) await channel.broadcast({ id, data: id })
    assert.deepEqual(await takeData(await served.resume('a~2'), 1), ['a~3'])
    // An unknown id could be either. The client gets a gap, and ids of the right kind from then on.
    const reader = await served.resume('a~0')
    const [gap, ...rest] = await takeNews(reader, 3)
    assert.equal(gap?.event, 'sse-gap')
    assert.deepEqual(
      rest.map(({ id }) => id),
      ['a~2', 'a~3'],
    )
    await channel.broadcast({ id: 'a~4', data: 'a~4' })
    assert.deepEqual(await takeData(reader, 1), ['a~4'])
    assert.equal(reader.lastEventId, 'a~4')
  })

  scenario(
    'a last event id too long for several channels causes a gap, and later ids are those of one channel',
    async (stage) => {
      const channel = new SseChannel('news')
      const id = await channel.broadcast('1')
      const served = await stage.serve(({ sse }) => sse((connection) => connection.subscribe(channel)))
      const reader = await served.resume(`a~${'b'.repeat(200)}`)
      const news = await takeNews(reader, 2)
      assert.deepEqual(
        news.map(({ event }) => event),
        ['sse-gap', 'message'],
      )
      assert.equal(reader.lastEventId, id)
    },
  )

  scenario("a 'subscribe' listener can add a second channel, and one id resumes both", async (stage) => {
    const [one, two] = [new SseChannel('one'), new SseChannel('two')]
    one.on('subscribe', (connection) => void connection?.subscribe(two))
    const served = await stage.serve(({ sse }) => sse(one))
    const first = await served.open()
    await subscribed(two)
    await one.broadcast('one 1')
    await takeNews(first, 1)
    first.abort()
    await Promise.all([subscribed(one, 0), subscribed(two, 0)])
    await one.broadcast('one 2')
    await two.broadcast('two 1')
    const second = await served.resume(first.lastEventId)
    assert.deepEqual((await takeData(second, 2)).sort(), ['one 2', 'two 1'])
  })

  for (const isLater of [false, true]) {
    const when = isLater ? 'a turn later' : 'in the same tick'
    scenario(
      `a client cut off in a replay resumes a second channel too, which is subscribed to ${when}`,
      async (stage) => {
        const [first, second] = [new SseChannel('first'), new SseChannel('second')]
        const start = `${await first.broadcast('first 0')}~${await second.broadcast('second 0')}`
        await first.broadcast('first 1')
        await second.broadcast('second 1')
        const served = await stage.serve(({ sse }) =>
          sse(async (connection) => {
            const one = connection.subscribe(first)
            if (isLater) await oneTurn()
            await Promise.all([one, connection.subscribe(second)])
          }),
        )
        const reader = await served.resume(start)
        const [event] = await takeNews(reader, 1)
        assert.equal(event?.data, 'first 1')
        assert.deepEqual(await takeData(await served.resume(event?.id ?? ''), 1), ['second 1'])
      },
    )
  }

  scenario(
    'merged channels: a gap names its channel, and the other channels are replayed without one',
    async (stage) => {
      const [warm, wet] = [new SseChannel('warm'), new SseChannel('wet')]
      const before = await warm.broadcast('warm 0')
      await warm.broadcast('warm 1')
      const oldest = await wet.broadcast('wet 1')
      const served = await stage.serve(({ sse }) => sse(merge(warm, wet)))
      const reader = await served.resume(`${before}~dead.9`)
      await reader.until(() => dataOf(reader).includes('warm 1') && dataOf(reader).includes('wet 1'), 'both')
      const gaps = reader.events
        .filter(({ event }) => event === 'sse-gap')
        .map(({ data }) => JSON.parse(data) as unknown)
      assert.deepEqual(gaps, [{ lastEventId: 'dead.9', oldestId: oldest, channel: 'wet' }])
      assert.equal(dataOf(reader).includes('warm 0'), false)
      const again = await served.resume(reader.lastEventId)
      await subscribed(wet, 2)
      await wet.broadcast('wet 2')
      assert.deepEqual(await takeData(again, 1), ['wet 2'])
    },
  )

  scenario("merged channels: an event with a publisher's own id clears the client's last event id", async (stage) => {
    const [warm, wet] = [new SseChannel('warm'), new SseChannel('wet')]
    const served = await stage.serve(({ sse }) => sse(merge(warm, wet)))
    const reader = await served.open()
    await Promise.all([subscribed(warm), subscribed(wet)])
    await warm.broadcast({ id: 'mine', data: 'warm 1' })
    await wet.broadcast('wet 1')
    await warm.broadcast('warm 2')
    const news = await takeNews(reader, 3)
    // There is no order across channels.
    assert.deepEqual(news.map(({ data }) => data).sort(), ['warm 1', 'warm 2', 'wet 1'])
    // With the id that it had, it would get all of these events twice.
    assert.equal(reader.lastEventId, '')
  })

  scenario("merged channels: ids that are too long together clear the client's last event id", async (stage) => {
    const channels = Array.from({ length: 12 }, (_, index) => new SseChannel(`channel ${index}`))
    const served = await stage.serve(({ sse }) => sse(merge(...channels)))
    const reader = await served.open()
    await Promise.all(channels.map((channel) => subscribed(channel)))
    for (const channel of channels) await channel.broadcast(channel.name)
    assert.equal((await takeNews(reader, 12)).length, 12)
    assert.equal(reader.lastEventId, '')
    assert.equal(
      reader.events.some(({ id = '' }) => id.length > 128),
      false,
    )
  })

  scenario('a channel that is merged with itself is delivered twice, and resumed twice', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(merge(channel, channel)))
    const first = await served.open()
    await subscribed(channel, 2)
    await channel.broadcast('1')
    assert.deepEqual(await takeData(first, 2), ['1', '1'])
    first.abort()
    await subscribed(channel, 0)
    await channel.broadcast('2')
    assert.deepEqual(await takeData(await served.resume(first.lastEventId), 2), ['2', '2'])
  })
}
