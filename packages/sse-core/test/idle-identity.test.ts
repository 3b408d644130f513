import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { merge, respond, SseManager } from '@ssekit/sse-core'
import { LateBroker, settle as settleBroker } from './late-broker.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { runInWorker } from './sources-in-worker.js'
import { until } from './until.js'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
})
afterEach(async () => {
  jest.useRealTimers()
  await hangUp()
})

describe('a channel that would be idle', () => {
  test('is in use while anybody listens for its subscribers', async () => {
    const manager = new SseManager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
    const channel = manager.getOrCreate('news')
    const onSubscribe = (): void => {}
    channel.on('subscribe', onSubscribe)
    await jest.advanceTimersByTimeAsync(60_000)
    expect(manager.stats().channels).toBe(1)
    channel.off('subscribe', onSubscribe)
    await jest.advanceTimersByTimeAsync(1_000)
    expect(manager.stats().channels).toBe(0)
    await manager.close()
  })

  test('stays ended if it has ended: nobody broadcasts on it, and who comes late is not kept', async () => {
    const manager = new SseManager({ idleChannelMs: 0, history: { maxAgeMs: 1_000 } })
    const channel = manager.getOrCreate('news')
    await channel.broadcast('1')
    await channel.end()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(manager.stats()).toMatchObject({ channels: 0, historyBytes: 0 })
    expect(channel.isClosed).toBe(true)
    await expect(channel.broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    const server = await serve((req, res) => {
      void respond(req, res, channel)
    })
    const { until, text } = await exchange(server, get())
    await until(/\r\n\r\n/)
    expect(text()).toMatch(/^HTTP\/1\.1 204 /)
    await manager.close()
  })

  test('is still read if it goes idle while the channel that it is merged with warms', async () => {
    const broker = new LateBroker()
    const manager = new SseManager({ backplane: broker.node(), idleChannelMs: 1_000 })
    const [early, late] = [manager.getOrCreate('early'), manager.getOrCreate('late')]
    const iterator = early[Symbol.asyncIterator]()
    void iterator.next()
    await settleBroker()
    await iterator.return?.()
    expect(broker.subscriptionCount).toBe(1)
    broker.pause()
    const asked = broker.asked.subscribe
    const server = await serve((req, res) => {
      void respond(req, res, merge(early, late), { manager })
    })
    const client = await exchange(server, get())
    await until(() => broker.asked.subscribe > asked, 'a subscription')
    await jest.advanceTimersByTimeAsync(60_000)
    await settleBroker()
    expect(broker.subscriptionCount).toBe(0)
    broker.resume()
    await client.until(/sse-checkpoint/)
    expect(client.text()).toMatch(/^HTTP\/1\.1 200 /)
    await Promise.all([early.broadcast('from early'), late.broadcast('from late')])
    await client.until(/from early[\s\S]*from late|from late[\s\S]*from early/)
    await manager.close({ graceMs: 0 })
  })
})

test('a channel made anew after the one of its name was collected is listed once', async () => {
  jest.useRealTimers()
  const names = await runInWorker(async ({ SseManager: Manager }) => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
    const manager = new Manager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
    const abandoned = new WeakRef(manager.getOrCreate('room'))
    for (let i = 0; i < 200 && abandoned.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collectGarbage()
    }
    const isCollected = abandoned.deref() === undefined
    manager.getOrCreate('room')
    const listed = manager.listChannels()
    await manager.close()
    return { isCollected, listed }
  })
  expect(names).toEqual({ isCollected: true, listed: ['room'] })
})
