import { describe, expect, test } from '@jest/globals'
import { describeEveryClient } from './clients/every-client.js'
import { everyServer } from './clients/servers.js'

describeEveryClient(({ openScene, openStream }) => {
  describe.each(everyServer)('on $name', (kind) => {
    test('the client opens before the first event, and receives named, unnamed and JSON events as they are sent', async () => {
      const scene = await openScene(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const stream = await openStream(scene.url)
      await stream.until(({ opens }) => opens === 1)
      expect(stream.events).toEqual([])

      const news = scene.manager.getOrCreate('news')
      await news.broadcast('good\nnews')
      await stream.until(({ data }) => data.length === 1)
      const id = await news.broadcast({ event: 'order', data: { total: 9.5, items: ['tea', 'Käse 🧀'] } })
      await stream.until(({ data }) => data.length === 2)
      expect(stream.events).toMatchObject([
        { type: 'message', data: 'good\nnews' },
        { type: 'order', data: '{"total":9.5,"items":["tea","Käse 🧀"]}', lastEventId: id },
      ])
      expect(stream.happenings[0]).toBe('open')
    })

    test('the server detects that the client disconnects', async () => {
      const scene = await openScene(kind, (manager) => ({ source: manager.getOrCreate('news') }))
      const left = new Promise((resolve) => scene.manager.getOrCreate('news').on('unsubscribe', resolve))
      const stream = await openStream(scene.url)
      await stream.until(({ opens }) => opens === 1)
      await stream.close()
      await left
      expect(scene.manager.stats()).toMatchObject({ connections: 0, closed: { client: 1 } })
    })

    test('the client receives what a generator yields, and reconnects when it ends', async () => {
      const scene = await openScene(kind, () => ({
        source: (async function* () {
          yield { event: 'order', data: 1 }
          yield 2
        })(),
      }))
      const stream = await openStream(scene.url)
      await stream.until(({ opens, data }) => opens >= 2 && data.length >= 4)
      expect(stream.data.slice(0, 4)).toEqual(['1', '2', '1', '2'])
    })
  })
})
