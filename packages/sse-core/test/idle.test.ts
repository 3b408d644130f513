import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { runInWorker } from './core-worker.js'
import { SlowBroker } from './slow-broker.js'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
})
afterEach(() => {
  jest.useRealTimers()
})

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
}

describe('a channel', () => {
  test('releases its log when its events have expired, and continues when it is used again', async () => {
    const manager = new SseManager({ history: { maxAgeMs: 10_000 } })
    const channel = manager.getOrCreate('news')
    const id = await channel.broadcast('1')
    await jest.advanceTimersByTimeAsync(9_000)
    expect(manager.stats()).toMatchObject({ channels: 1 })
    expect(manager.stats().historyBytes).toBeGreaterThan(0)
    await jest.advanceTimersByTimeAsync(5_000)
    expect(manager.stats()).toMatchObject({ channels: 0, historyBytes: 0 })
    expect(manager.getOrCreate('news')).toBe(channel)
    expect(manager.get('news')).toBe(channel)
    expect(manager.has('news')).toBe(true)
    expect(manager.listChannels()).toEqual(['news'])
    // When it is used again, it continues after its last id.
    const received = collect(channel.listen({ lastEventId: id }))
    await channel.broadcast('2')
    await turn()
    expect(received.events.map(({ event, data }) => event ?? data)).toEqual(['2'])
    expect(manager.stats()).toMatchObject({ channels: 1 })
    await manager.close()
  })

  test.each([-3_600_000, 3_600_000])(
    'releases its log on time even if the system clock is changed by %p ms',
    async (jumpMs) => {
      const manager = new SseManager({ history: { maxAgeMs: 10_000 } })
      await manager.getOrCreate('news').broadcast('1')
      jest.setSystemTime(Date.now() + jumpMs)
      await jest.advanceTimersByTimeAsync(9_000)
      expect(manager.stats()).toMatchObject({ channels: 1 })
      await jest.advanceTimersByTimeAsync(5_000)
      expect(manager.stats()).toMatchObject({ channels: 0, historyBytes: 0 })
      await manager.close()
    },
  )

  test('that has ended is forgotten when its events expire, and its name is free for a new channel', async () => {
    const manager = new SseManager({ history: { maxAgeMs: 10_000 } })
    const ended = manager.getOrCreate('job')
    await ended.end('done')
    await jest.advanceTimersByTimeAsync(9_000)
    expect(manager.getOrCreate('job')).toBe(ended)
    await jest.advanceTimersByTimeAsync(5_000)
    const next = manager.getOrCreate('job')
    expect(next).not.toBe(ended)
    await expect(next.broadcast('anew')).resolves.toEqual(expect.any(String))
    await expect(ended.broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await manager.close()
  })

  test('that has ended is forgotten when its events expire, however often readers ask for it', async () => {
    const broker = new SlowBroker()
    const history = { maxAgeMs: 10_000 }
    const manager = new SseManager({ backplane: broker.node(), history })
    const other = new SseManager({ backplane: broker.node(), history })
    const job = manager.getOrCreate('job')
    const asking = setInterval(() => collect(manager.getOrCreate('job')), 100)
    await job.broadcast('1')
    await job.end()
    await jest.advanceTimersByTimeAsync(5_000)
    broker.wipe()
    await other.getOrCreate('job').broadcast('anew')
    await jest.advanceTimersByTimeAsync(10_000)
    await settle()
    clearInterval(asking)
    const received = collect(manager.getOrCreate('job'))
    await settle()
    await other.getOrCreate('job').broadcast('and on')
    await settle()
    expect(received.data).toEqual(['and on'])
    await expect(job.broadcast('here too')).resolves.toEqual(expect.any(String))
    await manager.close()
    await other.close()
  })

  test('keeps its log while it has subscribers', async () => {
    const manager = new SseManager({ history: { maxAgeMs: 1_000 } })
    const channel = manager.getOrCreate('news')
    const received = collect(channel)
    await jest.advanceTimersByTimeAsync(60_000)
    expect(manager.stats().channels).toBe(1)
    await channel.broadcast('1')
    await turn()
    expect(received.data).toEqual(['1'])
    await manager.close()
  })

  test('keeps its log for idleChannelMs after its last use if its events expire earlier', async () => {
    const manager = new SseManager({ history: { maxAgeMs: 1_000 }, idleChannelMs: 20_000 })
    await manager.getOrCreate('news').broadcast('1')
    await jest.advanceTimersByTimeAsync(19_000)
    expect(manager.stats().channels).toBe(1)
    await jest.advanceTimersByTimeAsync(6_001)
    expect(manager.stats().channels).toBe(0)
    await manager.close()
  })

  test('keeps its log until its events expire, even if idleChannelMs is shorter', async () => {
    const manager = new SseManager({ idleChannelMs: 0 })
    await manager.getOrCreate('news').broadcast('1')
    await jest.advanceTimersByTimeAsync(299_000)
    expect(manager.stats().channels).toBe(1)
    await jest.advanceTimersByTimeAsync(2_000)
    expect(manager.stats().channels).toBe(0)
    await manager.close()
  })

  test('can have its own idleChannelMs', async () => {
    const manager = new SseManager({ idleChannelMs: 1_000, history: { maxAgeMs: 0 } })
    manager.getOrCreate('short')
    manager.getOrCreate('long', { idleChannelMs: 10_000 })
    await jest.advanceTimersByTimeAsync(5_000)
    expect(manager.stats().channels).toBe(1)
    await jest.advanceTimersByTimeAsync(6_000)
    expect(manager.stats().channels).toBe(0)
    await manager.close()
  })

  test('that is idle unsubscribes from the backplane, and later replays missed events from there', async () => {
    const broker = new SlowBroker()
    const manager = new SseManager({ backplane: broker.node(), idleChannelMs: 1_000 })
    const channel = manager.getOrCreate('news')
    const iterator = channel[Symbol.asyncIterator]()
    void iterator.next()
    await settle()
    const id = await channel.broadcast('1')
    await settle()
    await iterator.return?.()
    // Called before the channel is idle, read after.
    const early = channel.listen()
    await jest.advanceTimersByTimeAsync(2_000)
    await settle()
    expect(broker.subscriptionCount).toBe(0)
    expect(manager.stats()).toMatchObject({ channels: 0, historyBytes: 0 })
    await channel.broadcast('2')
    const received = [collect(early), collect(channel.listen({ lastEventId: id }))]
    await settle()
    await channel.broadcast('3')
    await settle()
    expect(received.map(({ data }) => data)).toEqual([
      ['2', '3'],
      ['2', '3'],
    ])
    await manager.close()
  })

  test('that is idle does not count for maxChannels', async () => {
    const manager = new SseManager({ maxChannels: 1, idleChannelMs: 0, history: { maxAgeMs: 500 } })
    const first = manager.getOrCreate('first')
    await first.broadcast('something to keep')
    expect(() => manager.getOrCreate('second')).toThrow(expect.objectContaining({ code: 'ERR_SSE_LIMIT' }))
    await jest.advanceTimersByTimeAsync(1_000)
    expect(manager.getOrCreate('second').name).toBe('second')
    expect(manager.get('first')).toBe(first)
    await manager.close()
  })

  test('that is idle is closed by delete(), clear() and manager.close()', async () => {
    for (const end of [
      (manager: SseManager) => manager.delete('news'),
      (manager: SseManager) => manager.clear(),
      (manager: SseManager) => manager.close(),
    ]) {
      const manager = new SseManager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
      const channel = manager.getOrCreate('news')
      await jest.advanceTimersByTimeAsync(1_000)
      expect(manager.stats().channels).toBe(0)
      await end(manager)
      expect(manager.has('news')).toBe(false)
      await expect(channel.broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
      await manager.close()
    }
  })

  test('needs no timer while it is idle or after its manager was closed', async () => {
    const before = jest.getTimerCount()
    const manager = new SseManager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
    expect(jest.getTimerCount()).toBe(before)
    const channel = manager.getOrCreate('news')
    expect(jest.getTimerCount()).toBe(before + 1)
    await jest.advanceTimersByTimeAsync(1_000)
    expect(jest.getTimerCount()).toBe(before)
    void channel.listen()
    expect(jest.getTimerCount()).toBeGreaterThan(before)
    await manager.close()
    expect(jest.getTimerCount()).toBe(before)
  })
})

test('an idle channel is garbage-collected unless the application still has a reference to it', async () => {
  jest.useRealTimers()
  const result = await runInWorker(async ({ SseManager: Manager }) => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
    const manager = new Manager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
    const held = manager.getOrCreate('held')
    const abandoned = new WeakRef(manager.getOrCreate('abandoned'))
    for (let i = 0; i < 200 && abandoned.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collectGarbage()
    }
    const names = manager.listChannels()
    const isSame = manager.getOrCreate('held') === held
    await manager.close()
    return { names, isSame }
  })
  expect(result).toEqual({ names: ['held'], isSame: true })
})
