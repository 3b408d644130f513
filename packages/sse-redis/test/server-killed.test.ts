import { afterEach, describe, expect, test } from '@jest/globals'
import { npmEventSource } from '../../sse-testkit/test/clients/event-sources.js'
import { insist, Publishing } from './publishing.js'
import { everyClient, Stage, type StageNode } from './stage.js'

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  let publishings: Publishing[] = []
  const client = npmEventSource()
  afterEach(async () => {
    for (const each of publishings) each.stop()
    publishings = []
    await client.leave()
    await stage.end()
  })

  test('after the server is killed and restarted, accepted events are stored once and every subscriber gets all', async () => {
    stage = await Stage.open(connect)
    const options = { history: { maxEvents: 100_000 }, timeoutMs: 400, compareMs: 200 }
    const publishers = await Promise.all(['a', 'b', 'c'].map(() => stage.node(options)))
    const nodes = await Promise.all([1, 2, 3].map(() => stage.node(options)))
    const loops = await Promise.all(nodes.slice(1).map((node) => stage.listen(node, 'news')))
    const stream = await client.open(await stage.serve(nodes[0] as StageNode, 'news'))
    await stream.until(({ received }) => received.length === 1)

    publishings = publishers.map(({ backplane }, index) => new Publishing('abc'[index] as string, backplane, 'news'))
    for (const round of [1, 2, 3, 4]) {
      await Promise.all(publishings.map((each) => each.accepts(20)))
      await stage.redis.kill()
      // Restarted at once, or only after each publisher had an event rejected.
      if (round % 2 === 0) await Promise.all(publishings.map((each) => each.isRefused()))
      await stage.redis.restart()
    }
    await Promise.all(publishings.map((each) => each.accepts(20)))
    for (const each of publishings) each.stop()
    await Promise.all(publishings.map((each) => each.settles()))
    // Published once: this node has a long time limit.
    await (await stage.node()).backplane.publish('news', { event: { data: 'last' } })
    await Promise.all(loops.map((loop) => loop.receives('last')))
    await stream.until(({ data }) => data.includes('last'))

    const stored = await stage.stored('news')
    const ids = new Map(stored.map(({ data, id }) => [data, id]))
    expect([...ids.keys()]).toEqual(stored.map(({ data }) => data))
    for (const { accepted, refused } of publishings) {
      for (const [data, id] of accepted) expect([data, ids.get(data)]).toEqual([data, id])
      expect(refused.size).toBeGreaterThan(0)
      for (const error of refused.values()) expect(error).toMatchObject({ code: 'ERR_SSE_BACKPLANE', statusCode: 503 })
    }
    for (const name of 'abc') {
      const numbers = stored.flatMap(({ data }) =>
        String(data).startsWith(`${name} `) ? Number(String(data).slice(2)) : [],
      )
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other))
    }
    const all = stored.map(({ data }) => data)
    for (const loop of loops) {
      expect(loop.data).toEqual(all)
      expect(loop.gaps).toEqual([])
    }
    expect(stream.data).toEqual(all)
    expect([stream.gaps, stream.opens]).toEqual([[], 1])
  })

  test('calls reject within the time limit while the server is down, and work again after its restart', async () => {
    stage = await Stage.open(connect)
    const options = { timeoutMs: 300 }
    const [fresh, used] = [await stage.node(options), await stage.node(options)]
    await insist(used.backplane, 'news', 'before')
    await stage.redis.kill()
    const outcomes = await Promise.allSettled([
      fresh.backplane.publish('news', { event: { data: 'fresh' } }),
      used.backplane.publish('news', { event: { data: 'used' } }),
      used.backplane.publish('other', { end: true }),
      fresh.backplane.subscribe('news', { last: 0 }, { entry: () => {}, gap: () => {} }),
      used.backplane.read('news', 'some-id', 10),
    ])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SSE_BACKPLANE', statusCode: 503 } })
    }
    await stage.redis.restart()
    const loop = await stage.listen(fresh, 'news')
    await insist(fresh.backplane, 'news', 'fresh, after')
    await insist(used.backplane, 'news', 'used, after')
    await loop.receives('used, after')
    const stored = new Set((await stage.stored('news')).map(({ data }) => data))
    expect([...stored]).toEqual(['before', 'fresh, after', 'used, after'])
  })

  test('at most one event that was rejected while the server was down is sent when it is back', async () => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node({ timeoutMs: 100 })
    await insist(backplane, 'news', 'before')
    await stage.redis.kill()
    const refused = { code: 'ERR_SSE_BACKPLANE' }
    for (let round = 0; round < 10; round++) {
      const event = { data: `refused ${'x'.repeat(100_000)}` }
      await expect(backplane.publish('news', { event })).rejects.toMatchObject(refused)
    }
    // Nor are several events that wait behind another one. Together they are as large as one of those: they may be one command.
    const waiting = Array.from({ length: 10 }, () => backplane.publish('news', { event: { data: 'y'.repeat(10_000) } }))
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: refused })
    }
    await stage.redis.restart()
    await insist(backplane, 'news', 'after')
    const [, bytes] = /total_net_input_bytes:(\d+)/.exec(await stage.control.info('stats')) ?? []
    // At most the one event that the client held when the connection was lost, and twice, since the script is unknown at first.
    expect(Number(bytes)).toBeLessThan(300_000)
  })
})
