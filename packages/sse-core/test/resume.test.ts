import { describe, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'

/** A channel with events `1` to `count` of its own log, and their ids; the id of event `n` is `ids[n]`. */
async function channelOf(count: number, maxEvents = 100): Promise<{ channel: SseChannel; ids: string[] }> {
  const channel = new SseChannel('news', { history: { maxEvents } })
  const ids = ['']
  for (let i = 1; i <= count; i++) ids.push(await channel.broadcast(String(i)))
  await turn()
  await turn()
  return { channel, ids }
}

async function heardAfter(channel: SseChannel, lastEventId: string): Promise<unknown[]> {
  const heard = collect(channel.listen({ lastEventId }))
  await turn()
  return heard.data
}

describe('who comes back with an id', () => {
  test('gets exactly what came after it, then what is live', async () => {
    const { channel, ids } = await channelOf(5)
    const heard = collect(channel.listen({ lastEventId: ids[2] }))
    await channel.broadcast('6')
    await turn()
    expect(heard.data).toEqual(['3', '4', '5', '6'])
    expect(heard.ids.slice(0, 3)).toEqual(ids.slice(3))
  })

  test('gets nothing old with the newest id', async () => {
    const { channel, ids } = await channelOf(5)
    expect(await heardAfter(channel, ids[5] as string)).toEqual([])
  })

  test('gets everything with the id just before the oldest, which missed nothing', async () => {
    const { channel, ids } = await channelOf(5, 3)
    expect(await heardAfter(channel, ids[2] as string)).toEqual(['3', '4', '5'])
  })

  test.each([
    ['evicted', (ids: string[]) => ids[1] as string],
    ['unknown', () => 'from-a-dead-process.7'],
    ['of the future', (ids: string[]) => `${ids[5]}99`],
    ['garbage', () => '\0\r\n~~ü🚀"'],
    ['of 8 KB', () => 'x'.repeat(8_192)],
    ['of another channel of that name', () => 'AAAAAAAAAAAA.3'],
  ])('that is %s is told of a gap, and gets everything that is retained', async (_what, idOf) => {
    const { channel, ids } = await channelOf(5, 3)
    const lastEventId = idOf(ids)
    const heard = collect(channel.listen({ lastEventId }))
    await turn()
    expect(heard.events[0]).toEqual({
      event: 'sse-gap',
      // The place just before what follows: who comes back with it is told of no gap again.
      id: ids[2],
      data: { lastEventId, oldestId: ids[3] },
    })
    expect(await heardAfter(channel, heard.ids[0] as string)).toEqual(['3', '4', '5'])
    await channel.broadcast('6')
    await turn()
    expect(heard.data.slice(1)).toEqual(['3', '4', '5', '6'])
  })

  test('that is unknown is told of a gap at once where nothing is retained', async () => {
    const { channel, ids } = await channelOf(2, 0)
    const heard = collect(channel.listen({ lastEventId: 'unknown' }))
    await turn()
    expect(heard.events).toEqual([{ event: 'sse-gap', id: ids[2], data: { lastEventId: 'unknown', oldestId: null } }])
    await channel.broadcast('3')
    await turn()
    expect(heard.data.slice(1)).toEqual(['3'])
  })

  test('that is empty is a fresh reader', async () => {
    const { channel } = await channelOf(2)
    expect(await heardAfter(channel, '')).toEqual([])
  })

  test('that occurs twice goes on after the older one', async () => {
    const channel = new SseChannel('news')
    for (const [id, data] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const) {
      await channel.broadcast({ id, data })
    }
    expect(await heardAfter(channel, 'a')).toEqual([2, 3, 4])
  })

  test('that occurs twice goes on after the newer one when the older is evicted for good', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    const send = async (ids: string): Promise<void> => {
      for (const id of ids) await channel.broadcast({ id, data: id })
      await turn()
      await turn()
    }
    await send('abac')
    // Retained: b a c. The older `a` is the place just before them.
    expect(await heardAfter(channel, 'a')).toEqual(['b', 'a', 'c'])
    await send('d')
    expect(await heardAfter(channel, 'a')).toEqual(['c', 'd'])
    await send('ade')
    // Retained: a d e.
    expect(await heardAfter(channel, 'd')).toEqual(['a', 'd', 'e'])
    await send('f')
    expect(await heardAfter(channel, 'd')).toEqual(['e', 'f'])
  })

  test('that repeats for every event goes on after the oldest that is retained', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    for (let data = 1; data <= 40; data++) await channel.broadcast({ id: 'same', data })
    await turn()
    await turn()
    expect(await heardAfter(channel, 'same')).toEqual([38, 39, 40])
  })
})

describe('rewind', () => {
  test.each([
    [0, []],
    [1, ['5']],
    [3, ['3', '4', '5']],
    [99, ['1', '2', '3', '4', '5']],
    [Number.POSITIVE_INFINITY, ['1', '2', '3', '4', '5']],
  ])('of %p starts a fresh reader with %j', async (rewind, expected) => {
    const { channel } = await channelOf(5)
    const heard = collect(channel.listen({ rewind }))
    await turn()
    expect(heard.data).toEqual(expected)
  })

  test('counts before the filter', async () => {
    const { channel } = await channelOf(5)
    const heard = collect(channel.listen({ rewind: 2, filter: ({ data }) => data !== '5' }))
    await turn()
    expect(heard.data).toEqual(['4'])
  })

  test('is for readers without an id only', async () => {
    const { channel, ids } = await channelOf(5)
    const heard = collect(channel.listen({ rewind: 5, lastEventId: ids[4] }))
    await turn()
    expect(heard.data).toEqual(['5'])
  })

  test.each([-1, 1.5, Number.NaN, '3', null])('refuses %p, with the value in the text', async (rewind) => {
    const channel = new SseChannel('news')
    const listen = (): unknown => Reflect.apply(channel.listen, channel, [{ rewind }])
    expect(listen).toThrow(RangeError)
    expect(listen).toThrow(String(rewind))
  })
})
