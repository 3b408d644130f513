import { expect, test } from '@jest/globals'
import { type ManagerOptions, memoryBackplane, SseManager } from '@ssekit/sse-core'
import { describeEveryClient } from './clients/every-client.js'
import type { Play } from './clients/scene.js'
import { bareHttp, express5 } from './clients/servers.js'

const news: Play = (manager) => ({ source: manager.getOrCreate('news'), key: 'ann' })

const ROOM_FOR_ONE: readonly ManagerOptions[] = [{ maxConnections: 1 }, { maxConnectionsPerKey: 1 }]

describeEveryClient(({ openScene, openStream }) => {
  test.each(ROOM_FOR_ONE)('over %j the client retries later, and gets a stream once there is room', async (limits) => {
    const scene = await openScene(bareHttp, news, limits)
    const first = await openStream(scene.url)
    await first.until(({ opens }) => opens === 1)
    const second = await openStream(scene.url)
    await second.until(({ opens }) => opens === 2)
    expect(second.received).toEqual([])
    await first.close()
    await second.until(({ received }) => received.length === 1)
    await scene.manager.getOrCreate('news').broadcast('received')
    await second.until(({ data }) => data.length === 1)
  })

  test.each(ROOM_FOR_ONE)("over %j with overload: 'reject' the client gives up", async (limits) => {
    const scene = await openScene(bareHttp, news, { ...limits, overload: 'reject' })
    const first = await openStream(scene.url)
    await first.until(({ opens }) => opens === 1)
    const second = await openStream(scene.url)
    await second.until(({ isClosed }) => isClosed)
    expect(second.happenings).toEqual(['error'])
    expect(scene.server.asked.map(({ status }) => status)).toEqual([200, 503])
  })

  test('over maxChannels the client gives up, since the framework answers with 503', async () => {
    const scene = await openScene(express5, news, { maxChannels: 0 })
    const stream = await openStream(scene.url)
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.happenings).toEqual(['error'])
    expect(scene.server.asked.map(({ status }) => status)).toEqual([503])
  })

  test('a client that is disconnected as slow reconnects with its last event id and misses nothing', async () => {
    const scene = await openScene(bareHttp, news, { writeTimeoutMs: 100, history: { maxBytes: 256 * 1024 * 1024 } })
    const { manager } = scene
    const channel = manager.getOrCreate('news')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await channel.broadcast('received')
    await stream.until(({ data }) => data.length === 1)
    scene.proxy.stall()
    // Bytes for the sockets, and nothing for the page.
    const comment = 'x'.repeat(256 * 1024)
    while (manager.stats().closed.slow === undefined) {
      await channel.broadcast({ comment })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await channel.broadcast('missed')
    await channel.broadcast('missed too')
    scene.proxy.flow()
    await stream.until(({ data }) => data.at(-1) === 'missed too')
    expect(stream.data).toEqual(['received', 'missed', 'missed too'])
    expect(stream.gaps).toEqual([])
    expect(scene.server.asked.at(-1)?.headers['last-event-id']).toMatch(/^[\w.]+$/)
    // On a busy machine it may be too slow again for so much at once, and then it has resumed again.
    expect(Object.keys(manager.stats().closed)).toEqual(['slow'])
  })

  test('a client whose stream repeatedly reaches its maximum age misses nothing', async () => {
    const scene = await openScene(bareHttp, news, { maxConnectionAgeMs: 60 })
    const channel = scene.manager.getOrCreate('news')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const sent: string[] = []
    while (stream.opens < 4) {
      sent.push(String(sent.length))
      await channel.broadcast(sent.at(-1) as string)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await stream.until(({ data }) => data.length >= sent.length)
    expect(stream.data).toEqual(sent)
    expect(stream.gaps).toEqual([])
    expect(scene.manager.stats().closed.age).toBeGreaterThanOrEqual(3)
  })

  test('a client after manager.disconnect() resumes and misses nothing; answered with 204, it gives up', async () => {
    let isWelcome = true
    const scene = await openScene(bareHttp, (manager) => ({
      source: isWelcome ? manager.getOrCreate('news') : null,
      context: { session: 7 },
    }))
    const channel = scene.manager.getOrCreate('news')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    const kick = (): number =>
      scene.manager.disconnect(
        ({ context }: { readonly context: unknown }) => Reflect.get(Object(context), 'session') === 7,
      )
    const lastEventId = await channel.broadcast('received')
    await stream.until(({ data }) => data.length === 1)
    expect(kick()).toBe(1)
    await channel.broadcast('missed')
    await stream.until(({ data }) => data.length === 2)
    expect(scene.server.asked.at(-1)?.headers['last-event-id']).toBe(lastEventId)
    isWelcome = false
    expect(kick()).toBe(1)
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.data).toEqual(['received', 'missed'])
    expect(scene.server.asked.map(({ status }) => status)).toEqual([200, 200, 204])
  })

  test('after a shutdown the client reconnects to the new server and gets missed events from their backplane', async () => {
    const backplane = memoryBackplane()
    const scene = await openScene(bareHttp, news, { backplane })
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await scene.manager.getOrCreate('news').broadcast('received')
    await stream.until(({ data }) => data.length === 1)
    const succession = scene.succeed({ event: { event: 'bye', data: 'back soon' }, retryMs: [50, 100] })
    const elsewhere = new SseManager({ backplane })
    await elsewhere.getOrCreate('news').broadcast('missed')
    await succession
    await stream.until(({ data }) => data.at(-1) === 'missed')
    await scene.manager.getOrCreate('news').broadcast('received again')
    await stream.until(({ data }) => data.at(-1) === 'received again')
    expect(stream.data).toEqual(['received', 'back soon', 'missed', 'received again'])
    expect(stream.gaps).toEqual([])
    await elsewhere.close()
    await backplane.close()
  })
})
