import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Client } from './clients/event-sources.js'
import { everyClient } from './clients/every-client.js'
import { Scene } from './clients/scene.js'
import { everyServer } from './clients/servers.js'

// A browser takes its time on a busy machine.
jest.setTimeout(30_000)

describe.each(Object.entries(everyClient))('%s', (_name, start) => {
  let client: Client
  let scene: Scene
  beforeAll(async () => {
    client = await start()
  })
  afterAll(() => client.close())
  afterEach(async () => {
    await client.leave()
    await scene.end()
  })

  describe.each(everyServer)('on $name', (kind) => {
    test('a client that is cut off gets what it missed, and nothing twice', async () => {
      scene = await Scene.open(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const news = scene.manager.getOrCreate('news')
      const stream = await client.open(scene.url)
      await stream.until(({ opens }) => opens === 1)
      for (const round of [1, 2, 3]) {
        await news.broadcast(`heard ${round}`)
        await stream.until(({ data }) => data.at(-1) === `heard ${round}`)
        const { lastEventId } = stream
        scene.proxy.cut()
        void news.broadcast(`missed ${round}`)
        void news.broadcast(`missed too ${round}`)
        await stream.until(({ data }) => data.at(-1) === `missed too ${round}`)
        expect(scene.server.asked.at(-1)?.headers['last-event-id']).toBe(lastEventId)
      }
      expect(stream.data).toEqual([1, 2, 3].flatMap((n) => [`heard ${n}`, `missed ${n}`, `missed too ${n}`]))
      expect(stream.gaps).toEqual([])
    })

    test('a fresh client that is cut off before its first event misses nothing either', async () => {
      scene = await Scene.open(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const news = scene.manager.getOrCreate('news')
      await news.broadcast('before its time')
      const stream = await client.open(scene.url)
      await stream.until(({ received }) => received.length === 1)
      scene.proxy.cut()
      void news.broadcast('missed')
      await stream.until(({ data }) => data.length > 0)
      await news.broadcast('heard')
      await stream.until(({ data }) => data.includes('heard'))
      expect(stream.events.map(({ data }) => data)).toEqual(['missed', 'heard'])
    })
  })
})
