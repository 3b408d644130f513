import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type SseChannel, SseManager } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { runInWorker } from './core-worker.js'

let manager: SseManager

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
  manager = new SseManager({ history: { maxAgeMs: 1_000 } })
})
afterEach(async () => {
  jest.useRealTimers()
  await manager.close()
})

async function goIdle(): Promise<void> {
  await jest.advanceTimersByTimeAsync(60_000)
  expect(manager.stats()).toMatchObject({ channels: 0, historyBytes: 0 })
}

/** What a reader receives at once when it resumes from an id. */
async function receivedAfter(channel: SseChannel, lastEventId?: string): Promise<unknown[]> {
  const received = collect(channel.listen({ lastEventId, rewind: 9 }))
  await turn()
  return received.events.map(({ event, data }) => event ?? data)
}

describe('a channel that was idle', () => {
  test.each([
    ['made by the log', [undefined, undefined, undefined]],
    ['given by its publisher', ['a', 'b', 'c']],
  ])('resumes from its last id, %s, and reports a gap after an older id', async (_whose, own) => {
    const channel = manager.getOrCreate('news')
    const ids: string[] = []
    for (const id of own) ids.push(await channel.broadcast({ id, data: 'old' }))
    await goIdle()
    expect(await receivedAfter(channel, ids[2])).toEqual([])
    expect(await receivedAfter(channel, ids[1])).toEqual(['sse-gap'])
    // A reader without an id receives nothing old.
    expect(await receivedAfter(channel)).toEqual([])
    await channel.broadcast('new')
    expect(await receivedAfter(channel, ids[2])).toEqual(['new'])
    expect(await receivedAfter(channel, ids[1])).toEqual(['sse-gap', 'new'])
    expect(await receivedAfter(channel)).toEqual(['new'])
  })

  test('gives new events ids that it has not used before', async () => {
    const channel = manager.getOrCreate('news')
    const ids = [await channel.broadcast('1'), await channel.broadcast('2')]
    await goIdle()
    expect(channel.lastEventId).toBe(ids[1])
    ids.push(await channel.broadcast('3'))
    await goIdle()
    ids.push(await channel.broadcast('4'))
    expect(new Set(ids).size).toBe(4)
    expect(await receivedAfter(channel, ids[2])).toEqual(['4'])
    expect(await receivedAfter(channel, ids[1])).toEqual(['sse-gap', '4'])
  })

  test('resumes a reader with an id from before its first event', async () => {
    const channel = manager.getOrCreate('news')
    const stranger = channel.listen({ lastEventId: 'unknown' })[Symbol.asyncIterator]()
    const { value: gap } = await stranger.next()
    await stranger.return?.()
    await goIdle()
    await channel.broadcast('1')
    expect(gap?.event).toBe('sse-gap')
    expect(await receivedAfter(channel, gap?.id)).toEqual(['1'])
  })

  test('delivers new events to a loop whose listen() was called before it was idle', async () => {
    const channel = manager.getOrCreate('news')
    await channel.broadcast('1')
    const upToDate = channel.listen()
    await goIdle()
    await channel.broadcast('2')
    const received = collect(upToDate)
    await turn()
    expect(received.data).toEqual(['2'])
  })

  test('is still ended, for readers with all its events and for those that missed some', async () => {
    const channel = manager.getOrCreate('news')
    const before = await channel.broadcast('1')
    const last = await channel.broadcast('2')
    await channel.end()
    await goIdle()
    expect(channel.isClosed).toBe(true)
    for (const [id, expected] of [
      [last, []],
      // The end has an id as well, which can be part of the common id of several channels.
      [last.replace(/2$/, '3'), []],
      [before, ['sse-gap']],
      [undefined, []],
    ] as const) {
      const received = collect(channel.listen({ lastEventId: id }))
      await received.over
      expect(received.events.map(({ event }) => event)).toEqual(expected)
    }
  })

  test.each([
    ['deleted', () => manager.delete('news')],
    ['cleared', () => manager.clear()],
  ])('and was then %s does not know its old ids when it is created again', async (_what, end) => {
    const id = await manager.getOrCreate('news').broadcast('1')
    await goIdle()
    end()
    expect(await receivedAfter(manager.getOrCreate('news'), id)).toEqual(['sse-gap'])
  })
})

test('an idle channel releases the memory of its events', async () => {
  jest.useRealTimers()
  const bytes = await runInWorker(async ({ SseManager: Manager }) => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
    const manager = new Manager({ idleChannelMs: 0, history: { maxAgeMs: 0, maxEvents: 10_000 } })
    const channels = Array.from({ length: 100 }, (_, name) => manager.getOrCreate(`${name}`))
    const used = async (): Promise<number> => {
      while (manager.stats().channels > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const atRest = async (events: number): Promise<number> => {
      for (const channel of channels) {
        for (let i = 0; i < events; i++) void channel.broadcast('')
        // Makes the log build its index of ids.
        channel.listen({ lastEventId: 'unknown' })
      }
      return used()
    }
    await atRest(1)
    const few = await atRest(1)
    const many = await atRest(2_000)
    const isHeld = channels.length
    await manager.close()
    return (many - few) / isHeld
  })
  expect(bytes).toBeLessThan(2_000)
})
