import { afterEach, describe, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

interface Orders {
  order: { number: number }
  note: string
}

describe.each(everyClient)('%s: managers on many nodes', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  test('deliver typed events and the end on every node, and answer clients that reconnect after it with 204', async () => {
    stage = await Stage.open(connect)
    const nodes = [await stage.node(), await stage.node()] as const
    const worker = await stage.node()
    const loops = await Promise.all(nodes.map((node) => stage.listen(node, 'orders')))
    const url = await stage.serve(nodes[1], 'orders')
    const reader = await readEvents(url)
    await reader.take(1)
    const orders = worker.manager.getOrCreate<Orders>('orders')
    await orders.broadcast({ event: 'order', data: { number: 1 } })
    await orders.broadcast({ event: 'note', data: 'two' })
    await orders.end({ event: 'order', data: { number: 3 } })
    await Promise.all(loops.map(({ over }) => over))
    for (const { events } of loops) {
      expect(events.map(({ event, data }) => [event, data])).toEqual([
        ['order', { number: 1 }],
        ['note', 'two'],
        ['order', { number: 3 }],
      ])
    }
    expect(await reader.end()).toBe('complete')
    for (const node of [nodes[0], await stage.node()]) {
      const back = await readEvents(await stage.serve(node, 'orders'), {
        headers: { 'Last-Event-ID': reader.lastEventId },
      })
      expect(back.status).toBe(204)
    }
    await expect(orders.broadcast({ event: 'note', data: 'late' })).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    const other = nodes[0].manager.getOrCreate<Orders>('orders')
    await expect(other.broadcast({ event: 'note', data: 'late' })).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('deliver an end that was published while their node was cut off', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, worker] = [await stage.node({ via, compareMs: 50 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    await worker.manager.getOrCreate('news').broadcast('1')
    await loop.receives('1')
    via.refuse()
    via.cut()
    await worker.manager.getOrCreate('news').end('bye')
    via.accept()
    await loop.over
    expect(loop.data).toEqual(['1', 'bye'])
  })

  test('that only publish open no further connection and no subscription', async () => {
    stage = await Stage.open(connect)
    const { manager } = await stage.node()
    for (const name of ['one', 'two']) {
      for (let number = 0; number < 10; number++) await manager.getOrCreate(name).broadcast(String(number))
    }
    await manager.getOrCreate('two').end()
    expect(await stage.connections('pubsub')).toEqual([])
    expect(await stage.connections('normal')).toHaveLength(1)
    expect(await stage.control.pubsub('CHANNELS')).toEqual([])
  })

  test('subscribe only to channels that are listened to, and unsubscribe when these are idle', async () => {
    stage = await Stage.open(connect)
    const manager = { idleChannelMs: 50 }
    const [one, two] = [await stage.node({ manager }), await stage.node({ manager })]
    const [loop, other] = [await stage.listen(one, 'news'), await stage.listen(two, 'other')]
    await two.manager.getOrCreate('news').broadcast('hello')
    await loop.receives('hello')
    expect([await stage.listeners('news'), await stage.listeners('other')]).toEqual([1, 1])
    expect(await stage.connections('pubsub')).toHaveLength(2)
    await Promise.all([loop.leave(), other.leave()])
    await until(async () => (await stage.listeners('news')) + (await stage.listeners('other')) === 0, 'no subscription')
    // And it is subscribed again when it is needed.
    const again = await stage.listen(one, 'news', loop.ids.at(-1))
    await two.manager.getOrCreate('news').broadcast('again')
    await again.receives('again')
    expect([again.data, again.gaps]).toEqual([['again'], []])
  })
})
