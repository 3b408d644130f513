import { afterEach, describe, expect, test } from '@jest/globals'
import { insist, Publishing } from './publishing.js'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  test.each(['pubsub', 'normal'] as const)(
    'no event is lost or repeated if connections of type %s are lost repeatedly',
    async (type) => {
      stage = await Stage.open(connect)
      const [node, publisher] = [await stage.node({ compareMs: 200 }), await stage.node()]
      const loop = await stage.listen(node, 'news')
      const publishing = new Publishing('a', publisher.backplane, 'news')
      for (let round = 0; round < 5; round++) {
        await publishing.accepts(10)
        await stage.redis.ask('CLIENT', 'KILL', 'TYPE', type)
      }
      await publishing.accepts(10)
      publishing.stop()
      await publishing.settles()
      expect(publishing.refused.size).toBe(0)
      const all = [...publishing.accepted.keys()]
      await loop.receives(all.at(-1))
      expect(loop.data).toEqual(all)
      expect((await stage.stored('news')).map(({ data }) => data)).toEqual(all)
      expect(loop.gaps).toEqual([])
    },
  )

  test('events published without a subscriber connection are received as soon as it is restored', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    // Periodic comparisons are off.
    const [node, publisher] = [await stage.node({ via, compareMs: 0 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    await publisher.backplane.publish('news', { event: { data: 1 } })
    await loop.receives(1)
    for (const data of [2, 3, 4]) {
      via.refuse()
      await stage.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await until(async () => (await stage.listeners('news')) === 0, 'no subscriber')
      await publisher.backplane.publish('news', { event: { data } })
      expect(loop.data).not.toContain(data)
      via.accept()
      await loop.receives(data)
    }
    expect(loop.data).toEqual([1, 2, 3, 4])
    expect(loop.gaps).toEqual([])
  })

  test('SCRIPT FLUSH does not disturb publishing or reading', async () => {
    stage = await Stage.open(connect)
    const [node, publisher] = [await stage.node({ compareMs: 100 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    const publishing = new Publishing('a', publisher.backplane, 'news', 2)
    for (let round = 0; round < 10; round++) {
      await publishing.accepts(3)
      await stage.redis.ask('SCRIPT', 'FLUSH')
    }
    publishing.stop()
    await publishing.settles()
    expect(publishing.refused.size).toBe(0)
    await loop.receives([...publishing.accepted.keys()].at(-1))
    expect(loop.data).toEqual([...publishing.accepted.keys()])
    const { backplane } = await stage.node()
    await stage.redis.ask('SCRIPT', 'FLUSH')
    const [first] = publishing.accepted.values()
    expect(await backplane.read('news', first as string, 1)).toHaveLength(1)
  })

  test('a channel that is unsubscribed and subscribed again at once receives events', async () => {
    stage = await Stage.open(connect)
    // It never compares.
    const { backplane } = await stage.node({ compareMs: 0 })
    const publisher = await stage.node()
    let received: unknown[] = []
    const sink = {
      entry: (entry: object) => received.push((entry as { event: { data: unknown } }).event.data),
      gap: () => {},
    }
    let unsubscribe = await backplane.subscribe('news', { last: 0 }, sink)
    // Another one keeps the connection in use.
    await backplane.subscribe('other', { last: 0 }, { entry: () => {}, gap: () => {} })
    for (const data of [1, 2, 3]) {
      received = []
      unsubscribe()
      unsubscribe = await backplane.subscribe('news', { last: 0 }, sink)
      await publisher.backplane.publish('news', { event: { data } })
      await until(() => received.length > 0, `event ${data}`)
      expect(received).toEqual([data])
    }
    unsubscribe()
    await until(async () => (await stage.listeners('news')) === 0, 'no subscription')
  })

  test('subscriptions that were rejected while the server was down are not made when it is back', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ timeoutMs: 200 })
    const { backplane } = node
    const sink = { entry: () => {}, gap: () => {} }
    await stage.redis.kill()
    const inVain = await Promise.allSettled([1, 2, 3].map(() => backplane.subscribe('vain', { last: 0 }, sink)))
    expect(inVain.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await stage.redis.restart()
    await stage.listen(node, 'news')
    await until(async () => (await stage.listeners('vain')) === 0, 'no subscription')
    expect(await stage.listeners('news')).toBe(1)
  })

  test('subscriptions that time out twice on a stalled connection are not kept when it continues', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const { backplane } = await stage.node({ via, timeoutMs: 200, compareMs: 0 })
    const subscribes = (channel: string): Promise<boolean> =>
      backplane.subscribe(channel, { last: 0 }, { entry: () => {}, gap: () => {} }).then(
        () => true,
        () => false,
      )
    await until(() => subscribes('news'), 'a subscription')
    via.stall()
    expect([await subscribes('vain'), await subscribes('vain')]).toEqual([false, false])
    via.resume()
    // These subscriptions come in later rounds, of which there are at most two.
    for (const channel of ['one', 'two']) await until(() => subscribes(channel), 'a subscription')
    await until(async () => (await stage.listeners('vain')) === 0, 'no subscription')
    expect(await stage.listeners('two')).toBe(1)
  })

  test('a subscription whose unsubscribe was lost with its connection is not restored', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, publisher] = [await stage.node({ via }), await stage.node()]
    const sink = { entry: () => {}, gap: () => {} }
    const unsubscribe = await node.backplane.subscribe('left', { last: 0 }, sink)
    const loop = await stage.listen(node, 'news')
    via.stall()
    unsubscribe()
    // By now it has been sent.
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
    via.cut()
    via.resume()
    await until(async () => (await stage.listeners('news')) === 1, 'a subscription')
    await publisher.backplane.publish('left', { event: { data: 'not delivered' } })
    await publisher.backplane.publish('news', { event: { data: 'received' } })
    await loop.receives('received')
    await until(async () => (await stage.listeners('left')) === 0, 'no subscription')
  })

  test('calls on a closed client reject with ERR_SSE_BACKPLANE and the client’s error as the cause', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ timeoutMs: 1_000 })
    const { backplane } = node
    await insist(backplane, 'news', 1)
    stage.closeClient(node)
    const sink = { entry: () => {}, gap: () => {} }
    const outcomes = await Promise.allSettled([
      backplane.publish('news', { event: { data: 2 } }),
      backplane.publish('news', { event: { data: 3 } }),
      backplane.read('news', 'some-id', 10),
      backplane.subscribe('news', { last: 10 }, sink),
    ])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'ERR_SSE_BACKPLANE', cause: { message: expect.stringMatching(/clos/i) } },
      })
    }
  })

  test('close() waits for pending events each time it is called', async () => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node()
    await backplane.publish('news', { event: { data: 0 } })
    const published = [1, 2, 3].map((data) => backplane.publish('news', { event: { data } }))
    await Promise.all([backplane.close(), backplane.close(), ...published])
    await backplane.close()
    expect((await stage.stored('news')).map(({ data }) => data)).toEqual([0, 1, 2, 3])
  })
})
