import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type SseConnection, sseManager } from '@ssekit/sse-core'
import { app as cleanup, channel as demo, sweep } from '../src/lilya/cleanup.js'
import { app as expressApp } from '../src/lilya/dependencies-express.js'
import { app as fastifyApp } from '../src/lilya/dependencies-fastify.js'
import { app as koaApp } from '../src/lilya/dependencies-koa.js'
import { app as heartbeats, channel as quiet } from '../src/lilya/heartbeats.js'
import { fakeIntervals } from './fake-time.js'
import { connect, isNews, until } from './serving.js'

describe('heartbeats', () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  test('are the comment `heartbeat`, sent after ten seconds without an event', async () => {
    fakeIntervals()
    const reader = await connect(heartbeats, '/events')
    jest.advanceTimersByTime(9_500)
    await quiet.broadcast('not idle')
    await reader.take(1, isNews)
    jest.advanceTimersByTime(9_500)
    expect(reader.comments).toEqual([])
    jest.advanceTimersByTime(1_000)
    await reader.until(({ comments }) => comments.length === 1)
    jest.advanceTimersByTime(10_000)
    await reader.until(({ comments }) => comments.length === 2)
    expect(reader.comments).toEqual(['heartbeat', 'heartbeat'])
    expect(reader.text).toContain('\n\n: heartbeat\n\n: heartbeat\n\n')
  })

  test('can be events, for pages that need to see them', async () => {
    fakeIntervals()
    const reader = await connect(heartbeats, '/visible')
    jest.advanceTimersByTime(10_000)
    expect(await reader.take(1, isNews)).toMatchObject([{ event: 'heartbeat', data: '' }])
  })

  test('can be turned off', async () => {
    fakeIntervals()
    const reader = await connect(heartbeats, '/silent')
    jest.advanceTimersByTime(3_600_000)
    await quiet.broadcast('still here')
    await reader.take(1, isNews)
    expect(reader.comments).toEqual([])
  })
})

describe('cleanup', () => {
  test('of a client that disconnects is automatic', async () => {
    const reader = await connect(cleanup, '/events')
    expect(demo.subscriberCount).toBe(1)
    const log = jest.spyOn(console, 'log').mockImplementation(() => {})
    reader.abort()
    await until(() => demo.subscriberCount === 0)
    expect(log.mock.calls).toEqual([['0 left']])
    log.mockRestore()
    expect(sweep()).toBe(0)
  })

  test('by hand removes clients whose connection is gone, and returns their number', async () => {
    const subscribed = new Promise<SseConnection | undefined>((resolve) => demo.on('subscribe', resolve))
    await connect(cleanup, '/events')
    const connection = await subscribed
    const log = jest.spyOn(console, 'log').mockImplementation(() => {})
    connection?.req.socket?.destroy()
    expect(demo.subscriberCount).toBe(1)
    expect(sweep()).toBe(1)
    expect(demo.subscriberCount).toBe(0)
    log.mockRestore()
  })
})

describe('an injected channel', () => {
  test.each([
    ['Express', expressApp],
    ['Fastify', fastifyApp],
    ['Koa', koaApp],
  ])('is the channel of the manager under %s', async (_name, app) => {
    const reader = await connect(app, '/stream')
    await sseManager.getOrCreate('chat').broadcast('hello')
    expect(await reader.take(1, isNews)).toMatchObject([{ data: 'hello' }])
  })

  test('can have a name that depends on the request', async () => {
    const reader = await connect(expressApp, '/rooms/red')
    await sseManager.getOrCreate('room:blue').broadcast('not for us')
    await sseManager.getOrCreate('room:red').broadcast('for us')
    expect(await reader.take(1, isNews)).toMatchObject([{ data: 'for us' }])
  })
})
