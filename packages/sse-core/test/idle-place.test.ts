import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type SseChannel, SseManager } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { runInWorker } from './sources-in-worker.js'

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

/** What a reader hears at once who comes with an id. */
async function heardAfter(channel: SseChannel, lastEventId?: string): Promise<unknown[]> {
  const heard = collect(channel.listen({ lastEventId, rewind: 9 }))
  await turn()
  return heard.events.map(({ event, data }) => event ?? data)
}

describe('a channel that was idle', () => {
  test.each([
    ['of the log', [undefined, undefined, undefined]],
    ['of its publisher', ['a', 'b', 'c']],
  ])('knows its last id, %s, and no older one', async (_whose, own) => {
    const channel = manager.getOrCreate('news')
    const ids: string[] = []
    for (const id of own) ids.push(await channel.broadcast({ id, data: 'old' }))
    await goIdle()
    expect(await heardAfter(channel, ids[2])).toEqual([])
    expect(await heardAfter(channel, ids[1])).toEqual(['sse-gap'])
    // Nothing is left for who comes without one.
    expect(await heardAfter(channel)).toEqual([])
    await channel.broadcast('new')
    expect(await heardAfter(channel, ids[2])).toEqual(['new'])
    expect(await heardAfter(channel, ids[1])).toEqual(['sse-gap', 'new'])
    expect(await heardAfter(channel)).toEqual(['new'])
  })

  test('gives ids that it has not given before', async () => {
    const channel = manager.getOrCreate('news')
    const ids = [await channel.broadcast('1'), await channel.broadcast('2')]
    await goIdle()
    expect(channel.lastEventId).toBe(ids[1])
    ids.push(await channel.broadcast('3'))
    await goIdle()
    ids.push(await channel.broadcast('4'))
    expect(new Set(ids).size).toBe(4)
    expect(await heardAfter(channel, ids[2])).toEqual(['4'])
    expect(await heardAfter(channel, ids[1])).toEqual(['sse-gap', '4'])
  })

  test('resumes who came before its first event', async () => {
    const channel = manager.getOrCreate('news')
    const stranger = channel.listen({ lastEventId: 'unknown' })[Symbol.asyncIterator]()
    const { value: gap } = await stranger.next()
    await stranger.return?.()
    await goIdle()
    await channel.broadcast('1')
    expect(gap?.event).toBe('sse-gap')
    expect(await heardAfter(channel, gap?.id)).toEqual(['1'])
  })

  test('goes on for who has listened before and reads now', async () => {
    const channel = manager.getOrCreate('news')
    await channel.broadcast('1')
    const upToDate = channel.listen()
    await goIdle()
    await channel.broadcast('2')
    const heard = collect(upToDate)
    await turn()
    expect(heard.data).toEqual(['2'])
  })

  test('has ended if it had, for who has all of it and for who has not', async () => {
    const channel = manager.getOrCreate('news')
    const before = await channel.broadcast('1')
    const last = await channel.broadcast('2')
    await channel.end()
    await goIdle()
    expect(channel.isClosed).toBe(true)
    for (const [id, expected] of [
      [last, []],
      // The end has an id as well, which the ids of several channels on one stream tell.
      [last.replace(/2$/, '3'), []],
      [before, ['sse-gap']],
      [undefined, []],
    ] as const) {
      const heard = collect(channel.listen({ lastEventId: id }))
      await heard.over
      expect(heard.events.map(({ event }) => event)).toEqual(expected)
    }
  })

  test.each([
    ['deleted', () => manager.delete('news')],
    ['cleared', () => manager.clear()],
  ])('and was %s is another one when it is made again', async (_what, end) => {
    const id = await manager.getOrCreate('news').broadcast('1')
    await goIdle()
    end()
    expect(await heardAfter(manager.getOrCreate('news'), id)).toEqual(['sse-gap'])
  })
})

test('a channel that is idle keeps its place, and not the room that its events took', async () => {
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
        // So that there is an index of them.
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
