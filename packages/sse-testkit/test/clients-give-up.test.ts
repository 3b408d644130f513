import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Client } from './clients/event-sources.js'
import { everyClient } from './clients/every-client.js'
import { Scene } from './clients/scene.js'
import { bareHttp } from './clients/servers.js'

/** Clocks of two programs, and timers that fire a little early. */
const TOLERANCE_MS = 10
/** What all of these clients wait for if nobody tells them otherwise: three seconds. */
const UNTOLD_MS = 2_900

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

  test('the end of a channel is the end: the client asks once more, is told so, and gives up', async () => {
    scene = await Scene.open(bareHttp, (manager) => ({ source: manager.getOrCreate('job') }))
    const job = scene.manager.getOrCreate('job')
    const stream = await client.open(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await job.broadcast('half')
    await job.end({ event: 'bye', data: 'done' })
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.data).toEqual(['half', 'done'])
    expect(scene.server.asked.map(({ status }) => status)).toEqual([200, 204])
    expect(stream.opens).toBe(1)
  })

  test('a client that was away when the channel ended gets the rest before it gives up', async () => {
    scene = await Scene.open(bareHttp, (manager) => ({ source: manager.getOrCreate('job') }))
    const job = scene.manager.getOrCreate('job')
    const stream = await client.open(scene.url)
    await stream.until(({ opens }) => opens === 1)
    await job.broadcast('half')
    await stream.until(({ data }) => data.length === 1)
    scene.proxy.cut()
    await job.end({ event: 'bye', data: 'done' })
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.data).toEqual(['half', 'done'])
  })

  test('a server that closes says when to come back, and its successor on the same port is found', async () => {
    scene = await Scene.open(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }))
    const stream = await client.open(scene.url)
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
    const retryMs = 250
    scene = await Scene.open(bareHttp, () => ({ source: ['one'], retryMs }))
    const stream = await client.open(scene.url)
    await stream.until(({ opens }) => opens === 2)
    const [first, second] = scene.server.asked
    const waitedMs = (second?.at ?? 0) - (first?.at ?? 0)
    expect(waitedMs).toBeGreaterThan(retryMs - TOLERANCE_MS)
    expect(waitedMs).toBeLessThan(UNTOLD_MS)
  })
})
