import { expect, test } from '@jest/globals'
import { describeEveryClient } from './clients/every-client.js'
import { bareHttp } from './clients/servers.js'

/** Clocks of two programs, and timers that fire a little early. */
const TOLERANCE_MS = 10

describeEveryClient(({ openScene, openStream }) => {
  test('after the end of a channel the client reconnects once, gets 204, and gives up', async () => {
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

  test('a client that was disconnected when the channel ended gets the remaining events, and then gives up', async () => {
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

  test('a client of a server that closes waits for its retry time, and reconnects to the next server', async () => {
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

  test('a client waits for the retry time of its stream', async () => {
    const answers = [
      { source: [{ id: 'long', data: 'come back later' }], retryMs: 60_000 },
      { source: [{ id: 'short', data: 'come back soon' }], retryMs: 250 },
    ]
    const scene = await openScene(bareHttp, () => answers.shift() ?? { source: [] })
    const patient = await openStream(scene.url)
    await patient.until(({ happenings }) => happenings.includes('error'))
    const stream = await openStream(scene.url)
    await stream.until(({ opens }) => opens === 2)
    // If clients ignored the retry time, the first one to be disconnected would be the first to reconnect.
    expect(scene.server.asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, undefined, 'short'])
    const [, sentAway, back] = scene.server.asked
    expect((back?.at ?? 0) - (sentAway?.at ?? 0)).toBeGreaterThan(250 - TOLERANCE_MS)
  })
})
