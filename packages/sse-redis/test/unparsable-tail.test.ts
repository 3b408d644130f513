import { afterEach, describe, expect, test } from '@jest/globals'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

const TAIL = 'ssekit:{news}:tail'

describe.each(everyClient)('%s: a tail that another program has overwritten', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const tails = ['', 'a b', 'a b c d', ' ', 'garbage']

  test.each(tails)('%j: the channel still publishes, and no subscriber gets a gap', async (tail) => {
    stage = await Stage.open(connect)
    const [node, publisher] = [await stage.node({ compareMs: 20 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    await publisher.backplane.publish('news', { event: { data: 1 } })
    await publisher.backplane.publish('news', { event: { data: 2, id: 'own' } })
    await loop.receives(2)
    await stage.redis.ask('SET', TAIL, tail)
    const compared = await stage.calls('evalsha')
    await until(async () => (await stage.calls('evalsha')) > compared + 2, 'a comparison')
    const third = await publisher.backplane.publish('news', { event: { data: 3 } })
    await loop.receives(3)
    expect([loop.data, loop.gaps]).toEqual([[1, 2, 3], []])
    expect(await stage.redis.ask('GET', TAIL)).toBe(`${third} ${third} o`)
  })

  test.each(tails)('%j: a client that reconnects gets the events that it missed', async (tail) => {
    stage = await Stage.open(connect)
    const publisher = await stage.node()
    const first = await publisher.backplane.publish('news', { event: { data: 1 } })
    await publisher.backplane.publish('news', { event: { data: 2, id: 'own' } })
    const last = await publisher.backplane.publish('news', { event: { data: 3 } })
    await stage.redis.ask('SET', TAIL, tail)
    for (const [id, expected] of [
      [first, [2, 3]],
      ['own', [3]],
    ] as const) {
      expect((await publisher.backplane.read('news', id, 10))?.length).toBe(expected.length)
    }
    const loop = await stage.listen(await stage.node(), 'news', first)
    await loop.receives(3)
    expect([loop.data, loop.gaps]).toEqual([[2, 3], []])
    // The subscription has repaired it.
    expect(await stage.redis.ask('GET', TAIL)).toBe(`${last} ${last} o`)
  })

  test.each(tails)('%j: a channel without a log begins anew', async (tail) => {
    stage = await Stage.open(connect)
    const node = await stage.node()
    await stage.redis.ask('SET', TAIL, tail)
    expect(await node.backplane.read('news', 'own', 10)).toBeUndefined()
    const loop = await stage.listen(node, 'news')
    await stage.redis.ask('SET', TAIL, tail)
    const id = await node.backplane.publish('news', { event: { data: 1 } })
    await loop.receives(1)
    expect(await stage.redis.ask('GET', TAIL)).toBe(`${id} ${id} -`)
  })

  test('an id with a space, which events must not have, does not stop the channel', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node()
    const loop = await stage.listen(node, 'news')
    for (const id of ['a b', 'c']) await node.backplane.publish('news', { event: { data: id, id } })
    await loop.receives('c')
    await node.backplane.publish('news', { event: { data: 'd', id: 'd e' } })
    expect(await node.backplane.read('news', 'c', 10)).toHaveLength(1)
  })

  test('the end of a channel stays its end', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node()
    await node.backplane.publish('news', { event: { data: 1 } })
    await node.backplane.publish('news', { end: true })
    await stage.redis.ask('SET', TAIL, '')
    await expect(node.backplane.publish('news', { event: { data: 2 } })).rejects.toMatchObject({
      code: 'ERR_SSE_CLOSED',
    })
  })
})
