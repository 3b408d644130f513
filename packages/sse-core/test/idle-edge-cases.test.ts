import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { merge, respond, SseManager } from '@ssekit/sse-core'
import { runInWorker } from './core-worker.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { SlowBroker, settle as settleBroker } from './slow-broker.js'
import { until } from './until.js'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
})
afterEach(async () => {
  jest.useRealTimers()
  await hangUp()
})

describe('a channel that would be idle', () => {
  test("is kept while it has a 'subscribe' listener", async () => {
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

  test('stays ended after the manager has released it: broadcasts reject, and new clients get 204', async () => {
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

  test('is still delivered if it becomes idle while the channel merged with it subscribes', async () => {
    const broker = new SlowBroker()
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

test('listChannels() lists a name once after its channel was garbage-collected and created again', async () => {
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
