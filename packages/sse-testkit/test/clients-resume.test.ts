import { describe, expect, test } from '@jest/globals'
import { describeEveryClient } from './clients/every-client.js'
import { everyServer } from './clients/servers.js'

describeEveryClient(({ openScene, openStream }) => {
  describe.each(everyServer)('on $name', (kind) => {
    test('a client that is cut off gets each missed event once', async () => {
      const scene = await openScene(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const news = scene.manager.getOrCreate('news')
      const stream = await openStream(scene.url)
      await stream.until(({ opens }) => opens === 1)
      for (const round of [1, 2, 3]) {
        await news.broadcast(`received ${round}`)
        await stream.until(({ data }) => data.at(-1) === `received ${round}`)
        const { lastEventId } = stream
        scene.proxy.cut()
        void news.broadcast(`missed ${round}`)
        void news.broadcast(`missed too ${round}`)
        await stream.until(({ data }) => data.at(-1) === `missed too ${round}`)
        expect(scene.server.asked.at(-1)?.headers['last-event-id']).toBe(lastEventId)
      }
      expect(stream.data).toEqual([1, 2, 3].flatMap((n) => [`received ${n}`, `missed ${n}`, `missed too ${n}`]))
      expect(stream.gaps).toEqual([])
    })

    test('a new client that is cut off before its first event misses nothing', async () => {
      const scene = await openScene(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const news = scene.manager.getOrCreate('news')
      await news.broadcast('before the client')
      const stream = await openStream(scene.url)
      await stream.until(({ received }) => received.length === 1)
      scene.proxy.cut()
      void news.broadcast('missed')
      await stream.until(({ data }) => data.length > 0)
      await news.broadcast('received')
      await stream.until(({ data }) => data.includes('received'))
      expect(stream.events.map(({ data }) => data)).toEqual(['missed', 'received'])
    })
  })
})
