import { expect, test } from '@jest/globals'
import { merge } from '@ssekit/sse-core'
import { describeEveryClient } from './clients/every-client.js'
import { bareHttp } from './clients/servers.js'

describeEveryClient(({ openScene, openStream }) => {
  test('a client gets one gap after a restart of the server, and none after later reconnects', async () => {
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const lastEventId = await scene.manager.getOrCreate('news').broadcast('old')
    await stream.until(({ data }) => data.length === 1)
    const oldestId = await scene.restart((manager) => manager.getOrCreate('news').broadcast('new'))
    const news = scene.manager.getOrCreate('news')
    await stream.until(({ data }) => data.length === 2)
    expect(stream.gaps.map(({ data }) => JSON.parse(data))).toEqual([{ lastEventId, oldestId }])

    for (const word of ['newer', 'newest']) {
      scene.proxy.cut()
      await news.broadcast(word)
      await stream.until(({ data }) => data.at(-1) === word)
    }
    expect(stream.data).toEqual(['old', 'new', 'newer', 'newest'])
    expect(stream.gaps).toHaveLength(1)
  })

  test('a client that reconnects after a restart and before any new event gets one gap', async () => {
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const lastEventId = await scene.manager.getOrCreate('news').broadcast('old')
    await stream.until(({ data }) => data.length === 1)
    await scene.restart()
    await stream.until(({ gaps }) => gaps.length === 1)
    expect(stream.gaps.map(({ data }) => JSON.parse(data))).toEqual([{ lastEventId, oldestId: null }])

    scene.proxy.cut()
    await scene.manager.getOrCreate('news').broadcast('new')
    await stream.until(({ data }) => data.length === 2)
    expect(stream.data).toEqual(['old', 'new'])
    expect(stream.gaps).toHaveLength(1)
  })

  test('a client that missed evicted events gets one gap before the retained ones', async () => {
    const history = { maxEvents: 3 }
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }), { history })
    const news = scene.manager.getOrCreate('news')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const lastEventId = await news.broadcast('0')
    await stream.until(({ data }) => data.length === 1)
    scene.proxy.cut()
    const ids = await Promise.all(['1', '2', '3', '4', '5'].map((data) => news.broadcast(data)))
    await stream.until(({ data }) => data.at(-1) === '5')
    expect(stream.events.slice(1).map(({ type, data }) => (type === 'sse-gap' ? JSON.parse(data) : data))).toEqual([
      { lastEventId, oldestId: ids[2] },
      '3',
      '4',
      '5',
    ])
    scene.proxy.cut()
    await news.broadcast('6')
    await stream.until(({ data }) => data.at(-1) === '6')
    expect(stream.gaps).toHaveLength(1)
  })

  test('a client whose filter rejects events gets checkpoints, so that it resumes without a gap', async () => {
    const history = { maxEvents: 4 }
    const filter = ({ event }: { readonly event?: string | undefined }) => event === 'order'
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('news'), filter }), { history })
    const news = scene.manager.getOrCreate('news')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await news.broadcast({ event: 'order', data: 'first' })
    await stream.until(({ data }) => data.length === 1)
    for (let n = 0; n < 6; n++) {
      const { length } = stream.received
      await news.broadcast({ event: 'noise', data: n })
      await news.broadcast({ event: 'noise', data: n })
      await stream.until(({ received }) => received.length > length)
    }
    scene.proxy.cut()
    await news.broadcast({ event: 'noise', data: 'while away' })
    await news.broadcast({ event: 'order', data: 'second' })
    await stream.until(({ data }) => data.length === 2)
    expect(stream.events.map(({ data }) => data)).toEqual(['first', 'second'])
  })

  test('one last event id resumes all merged channels', async () => {
    const scene = await openScene(bareHttp, (manager) => ({
      source: merge(manager.getOrCreate('warm'), manager.getOrCreate('humid')),
    }))
    const warm = scene.manager.getOrCreate('warm')
    const humid = scene.manager.getOrCreate('humid')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const expected: string[] = []
    for (const round of [1, 2, 3]) {
      await warm.broadcast(`${round} °C`)
      await humid.broadcast(`${round} %`)
      await stream.until(({ data }) => data.at(-1) === `${round} %`)
      expect(stream.lastEventId).toMatch(/^[\w.-]+~[\w.-]+$/)
      scene.proxy.cut()
      await humid.broadcast(`missed ${round} %`)
      await warm.broadcast(`missed ${round} °C`)
      expected.push(`${round} °C`, `${round} %`, `missed ${round} %`, `missed ${round} °C`)
      await stream.until(({ data }) => data.length === expected.length)
    }
    expect([...stream.data].sort()).toEqual(expected.sort())
    expect(stream.gaps).toEqual([])
  })

  test('each of several merged channels reports its own gap once after a restart', async () => {
    const scene = await openScene(bareHttp, (manager) => ({
      source: merge(manager.getOrCreate('warm'), manager.getOrCreate('humid')),
    }))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await scene.manager.getOrCreate('warm').broadcast('1 °C')
    await stream.until(({ data }) => data.length === 1)
    await scene.restart(async (manager) => {
      await manager.getOrCreate('warm').broadcast('2 °C')
      await manager.getOrCreate('humid').broadcast('2 %')
    })
    const warm = scene.manager.getOrCreate('warm')
    const humid = scene.manager.getOrCreate('humid')
    await stream.until(({ data }) => data.length === 3)
    scene.proxy.cut()
    await humid.broadcast('3 %')
    await warm.broadcast('3 °C')
    await stream.until(({ data }) => data.length === 5)
    expect([...stream.data].sort()).toEqual(['1 °C', '2 %', '2 °C', '3 %', '3 °C'])
    expect(stream.gaps.map(({ data }) => JSON.parse(data).channel).sort()).toEqual(['humid', 'warm'])
  })
})
