import { describe, expect, test } from '@jest/globals'
import { memoryBackplane, SseChannel } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { LateBroker, settle } from './late-broker.js'

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a channel on a broker that takes its time', () => {
  test('has what is broadcast after listen() heard, and nothing from before, though it is not live yet', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('before')
    const heard = collect(channel.listen())
    void channel.broadcast('1')
    void channel.broadcast('2')
    await settle()
    void channel.broadcast('3')
    await settle()
    expect(heard.data).toEqual(['1', '2', '3'])
  })

  test('has it heard also where publishing is faster than subscribing', async () => {
    const memory = memoryBackplane()
    const channel = new SseChannel('news', {
      backplane: {
        ...memory,
        subscribe: async (...args) => {
          await turn()
          return memory.subscribe(...args)
        },
      },
    })
    const heard = collect(channel.listen())
    void channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
  })

  test('keeps the order of broadcasts that wait for it and of those that come when it is live', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel.listen())
    for (const n of numbers(1, 40)) {
      void channel.broadcast({ data: n })
      if (n % 5 === 0) await turn()
    }
    await settle()
    expect(heard.data).toEqual(numbers(1, 40))
  })

  test('replays to a loop that began before it was live', async () => {
    const broker = new LateBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    const [id] = await Promise.all(['1', '2', '3'].map((data) => publisher.broadcast(data)))
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = [collect(channel.listen({ lastEventId: id })), collect(channel.listen({ rewind: 1 }))]
    await settle()
    expect(heard.map(({ data }) => data)).toEqual([['2', '3'], ['3']])
  })

  test('asks for one subscription, however many listen', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    for (let i = 0; i < 10; i++) collect(channel)
    await settle()
    collect(channel)
    await settle()
    expect(broker.asked.subscribe).toBe(1)
    await channel.close()
    await settle()
    expect(broker.subscriptionCount).toBe(0)
  })

  test('costs its node no subscription if it only publishes, and knows its last id', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('1')
    const id = await channel.broadcast('2')
    expect(channel.lastEventId).toBe(id)
    expect(broker.asked.subscribe).toBe(0)
  })

  test('ends the loops of a channel that is closed before it is live, and leaves no subscription', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    const unused = channel.listen()
    broker.pause()
    await settle()
    await channel.close()
    await heard.over
    broker.resume()
    await settle()
    expect(broker.subscriptionCount).toBe(0)
    await expect(collect(unused).over).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('rejects broadcasts that waited for a channel that is then closed', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: () => {} })
    collect(channel)
    const waiting = channel.broadcast('1')
    await channel.close()
    await Promise.allSettled([waiting])
    // Whether it was accepted or refused: nobody is left in the dark.
    await expect(channel.broadcast('2')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })
})
