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

async function receivedAfter(channel: SseChannel, lastEventId: string): Promise<unknown[]> {
  const received = collect(channel.listen({ lastEventId }))
  await turn()
  return received.data
}

describe('a reader that resumes from an id', () => {
  test('receives exactly the events after that id, then live events', async () => {
    const { channel, ids } = await channelOf(5)
    const received = collect(channel.listen({ lastEventId: ids[2] }))
    await channel.broadcast('6')
    await turn()
    expect(received.data).toEqual(['3', '4', '5', '6'])
    expect(received.ids.slice(0, 3)).toEqual(ids.slice(3))
  })

  test('receives no old events if the id is the newest', async () => {
    const { channel, ids } = await channelOf(5)
    expect(await receivedAfter(channel, ids[5] as string)).toEqual([])
  })

  test('receives all retained events, without a gap, if the id is the one just before them', async () => {
    const { channel, ids } = await channelOf(5, 3)
    expect(await receivedAfter(channel, ids[2] as string)).toEqual(['3', '4', '5'])
  })

  test.each([
    ['evicted', (ids: string[]) => ids[1] as string],
    ['unknown', () => 'from-a-dead-process.7'],
    ['in the future', (ids: string[]) => `${ids[5]}99`],
    ['garbage', () => '\0\r\n~~ü🚀"'],
    ['8 KB long', () => 'x'.repeat(8_192)],
    ['from another channel of the same name', () => 'AAAAAAAAAAAA.3'],
  ])('that is %s receives an sse-gap, then all retained events', async (_what, idOf) => {
    const { channel, ids } = await channelOf(5, 3)
    const lastEventId = idOf(ids)
    const received = collect(channel.listen({ lastEventId }))
    await turn()
    expect(received.events[0]).toEqual({
      event: 'sse-gap',
      // The position just before the next event: a reader that resumes from it gets no second gap.
      id: ids[2],
      data: { lastEventId, oldestId: ids[3] },
    })
    expect(await receivedAfter(channel, received.ids[0] as string)).toEqual(['3', '4', '5'])
    await channel.broadcast('6')
    await turn()
    expect(received.data.slice(1)).toEqual(['3', '4', '5', '6'])
  })

  test('that is unknown receives an sse-gap at once if nothing is retained', async () => {
    const { channel, ids } = await channelOf(2, 0)
    const received = collect(channel.listen({ lastEventId: 'unknown' }))
    await turn()
    expect(received.events).toEqual([
      { event: 'sse-gap', id: ids[2], data: { lastEventId: 'unknown', oldestId: null } },
    ])
    await channel.broadcast('3')
    await turn()
    expect(received.data.slice(1)).toEqual(['3'])
  })

  test('that is empty is treated as a new reader', async () => {
    const { channel } = await channelOf(2)
    expect(await receivedAfter(channel, '')).toEqual([])
  })

  test('that occurs twice receives the events after the older one', async () => {
    const channel = new SseChannel('news')
    for (const [id, data] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const) {
      await channel.broadcast({ id, data })
    }
    expect(await receivedAfter(channel, 'a')).toEqual([2, 3, 4])
  })

  test('that occurs twice receives the events after the newer one once the older position is gone', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    const send = async (ids: string): Promise<void> => {
      for (const id of ids) await channel.broadcast({ id, data: id })
      await turn()
      await turn()
    }
    await send('abac')
    // Retained: b a c. The older `a` is the position just before them.
    expect(await receivedAfter(channel, 'a')).toEqual(['b', 'a', 'c'])
    await send('d')
    expect(await receivedAfter(channel, 'a')).toEqual(['c', 'd'])
    await send('ade')
    // Retained: a d e.
    expect(await receivedAfter(channel, 'd')).toEqual(['a', 'd', 'e'])
    await send('f')
    expect(await receivedAfter(channel, 'd')).toEqual(['e', 'f'])
  })

  test('that all events have receives all retained events', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    for (let data = 1; data <= 40; data++) await channel.broadcast({ id: 'same', data })
    await turn()
    await turn()
    expect(await receivedAfter(channel, 'same')).toEqual([38, 39, 40])
  })
})

describe('the rewind option', () => {
  test.each([
    [0, []],
    [1, ['5']],
    [3, ['3', '4', '5']],
    [99, ['1', '2', '3', '4', '5']],
    [Number.POSITIVE_INFINITY, ['1', '2', '3', '4', '5']],
  ])('of %p starts a new reader with the events %j', async (rewind, expected) => {
    const { channel } = await channelOf(5)
    const received = collect(channel.listen({ rewind }))
    await turn()
    expect(received.data).toEqual(expected)
  })

  test('counts events before they are filtered', async () => {
    const { channel } = await channelOf(5)
    const received = collect(channel.listen({ rewind: 2, filter: ({ data }) => data !== '5' }))
    await turn()
    expect(received.data).toEqual(['4'])
  })

  test('is ignored for a reader with an id', async () => {
    const { channel, ids } = await channelOf(5)
    const received = collect(channel.listen({ rewind: 5, lastEventId: ids[4] }))
    await turn()
    expect(received.data).toEqual(['5'])
  })

  test.each([-1, 1.5, Number.NaN, '3', null])('refuses %p with a RangeError that names the value', async (rewind) => {
    const channel = new SseChannel('news')
    const listen = (): unknown => Reflect.apply(channel.listen, channel, [{ rewind }])
    expect(listen).toThrow(RangeError)
    expect(listen).toThrow(String(rewind))
  })
})
