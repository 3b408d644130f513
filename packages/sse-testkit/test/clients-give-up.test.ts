import { expect, test } from '@jest/globals'
import { describeEveryClient } from './clients/every-client.js'
import { bareHttp } from './clients/servers.js'

/** Clocks of two programs, and timers that fire a little early. */
const TOLERANCE_MS = 10

describeEveryClient(({ openScene, openStream }) => {
  test('the end of a channel is the end: the client asks once more, is told so, and gives up', async () => {
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('job') }))
    const job = scene.manager.getOrCreate('job')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await job.broadcast('half')
    await job.end({ event: 'bye', data: 'done' })
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.data).toEqual(['half', 'done'])
    expect(scene.server.asked.map(({ status }) => status)).toEqual([200, 204])
    expect(stream.opens).toBe(1)
  })

  test('a client that was away when the channel ended gets the rest before it gives up', async () => {
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('job') }))
    const job = scene.manager.getOrCreate('job')
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await job.broadcast('half')
    await stream.until(({ data }) => data.length === 1)
    scene.proxy.cut()
    await job.end({ event: 'bye', data: 'done' })
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.data).toEqual(['half', 'done'])
  })

  test('a server that closes says when to come back, and its successor on the same port is found', async () => {
    const scene = await openScene(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await scene.manager.getOrCreate('news').broadcast('old')
    await stream.until(({ data }) => data.length === 1)
    const closedAt = performance.now()
    await scene.succeed({ event: { event: 'bye', data: 'back soon' }, retryMs: [150, 300] })
    await stream.until(({ opens }) => opens === 2)
    expect((scene.server.asked[0]?.at ?? 0) - closedAt).toBeGreaterThan(150 - TOLERANCE_MS)
    await scene.manager.getOrCreate('news').broadcast('new')
    await stream.until(({ data }) => data.length === 3)
    expect(stream.data).toEqual(['old', 'back soon', 'new'])
  })

  test('a client waits for as long as the stream has told it to', async () => {
    const answers = [
      { source: [{ id: 'long', data: 'come back later' }], retryMs: 60_000 },
      { source: [{ id: 'short', data: 'come back soon' }], retryMs: 250 },
    ]
    const scene = await openScene(bareHttp, () => answers.shift() ?? { source: [] })
    const patient = await openStream(scene.url)
    await patient.until(({ happenings }) => happenings.includes('error'))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 2)
    // If they did not listen, the first one to be sent away would be the first to come back.
    expect(scene.server.asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, undefined, 'short'])
    const [, sentAway, back] = scene.server.asked
    expect((back?.at ?? 0) - (sentAway?.at ?? 0)).toBeGreaterThan(250 - TOLERANCE_MS)
  })
})
