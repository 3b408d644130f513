import { describe, expect, test } from '@jest/globals'
import { memoryBackplane, SseChannel } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { SlowBroker, settle } from './slow-broker.js'

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('a channel on a slow broker', () => {
  test('delivers events broadcast after listen(), and no earlier ones, though it has not subscribed yet', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('before')
    const received = collect(channel.listen())
    void channel.broadcast('1')
    void channel.broadcast('2')
    await settle()
    void channel.broadcast('3')
    await settle()
    expect(received.data).toEqual(['1', '2', '3'])
  })

  test('delivers events broadcast after listen() even if publishing is faster than subscribing', async () => {
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
    const received = collect(channel.listen())
    void channel.broadcast('1')
    await settle()
    expect(received.data).toEqual(['1'])
  })

  test('keeps the order of broadcasts made before and after it has subscribed', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel.listen())
    for (const n of numbers(1, 40)) {
      void channel.broadcast({ data: n })
      if (n % 5 === 0) await turn()
    }
    await settle()
    expect(received.data).toEqual(numbers(1, 40))
  })

  test('replays events to a loop that began before it had subscribed', async () => {
    const broker = new SlowBroker()
    const publisher = new SseChannel('news', { backplane: broker.node() })
    const [id] = await Promise.all(['1', '2', '3'].map((data) => publisher.broadcast(data)))
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = [collect(channel.listen({ lastEventId: id })), collect(channel.listen({ rewind: 1 }))]
    await settle()
    expect(received.map(({ data }) => data)).toEqual([['2', '3'], ['3']])
  })

  test('subscribes once for any number of listeners, and unsubscribes when it is closed', async () => {
    const broker = new SlowBroker()
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

  test('does not subscribe if it only publishes, and still knows its lastEventId', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await channel.broadcast('1')
    const id = await channel.broadcast('2')
    expect(channel.lastEventId).toBe(id)
    expect(broker.asked.subscribe).toBe(0)
  })

  test('ends its loops and leaves no subscription if it is closed while it subscribes', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel)
    const unused = channel.listen()
    broker.pause()
    await settle()
    await channel.close()
    await received.over
    broker.resume()
    await settle()
    expect(broker.subscriptionCount).toBe(0)
    await expect(collect(unused).over).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test('settles a waiting broadcast when it is closed, and rejects later ones with ERR_SSE_CLOSED', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: () => {} })
    collect(channel)
    const waiting = channel.broadcast('1')
    await channel.close()
    await Promise.allSettled([waiting])
    // The first one may have been accepted or rejected; it only has to settle.
    await expect(channel.broadcast('2')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })
})
