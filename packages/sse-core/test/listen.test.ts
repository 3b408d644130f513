import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { SseChannel, type SseEvent } from '@ssekit/sse-core'
import { collect, isPending, take, turn } from './collecting.js'

afterEach(() => {
  jest.useRealTimers()
})

/** Timers stand still; turns of the event loop do not. */
function stopClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
}

describe('a loop over a channel', () => {
  test('begins with what is broadcast after it', async () => {
    const channel = new SseChannel('news')
    await channel.broadcast('before')
    const heard = collect(channel)
    await channel.broadcast('after')
    await turn()
    expect(heard.data).toEqual(['after'])
  })

  test('takes its place when listen() is called, not when the loop begins', async () => {
    const channel = new SseChannel('news')
    const listening = channel.listen()
    await channel.broadcast('between')
    const heard = collect(listening)
    await turn()
    expect(heard.data).toEqual(['between'])
  })

  test('is a subscriber from its beginning until it is left', async () => {
    const channel = new SseChannel('news')
    const listening = channel.listen()
    expect(channel.subscriberCount).toBe(0)
    const loop = (async () => {
      for await (const event of listening) return event.data
      return undefined
    })()
    expect(channel.subscriberCount).toBe(1)
    await channel.broadcast('1')
    expect(await loop).toBe('1')
    expect(channel.subscriberCount).toBe(0)
  })

  test('is over for a next() that waits when return() is called', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(channel.subscriberCount).toBe(0)
  })

  test('has nothing more once it was left, whatever it has not read', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const first = iterator.next()
    for (const data of ['1', '2']) void channel.broadcast(data)
    expect((await first).value?.data).toBe('1')
    await iterator.return?.()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('answers several next() calls at once in their order', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const results = [iterator.next(), iterator.next(), iterator.next()]
    await channel.broadcast('1')
    await channel.broadcast('2')
    await channel.broadcast('3')
    expect((await Promise.all(results)).map(({ value }) => value?.data)).toEqual(['1', '2', '3'])
  })

  test('that is slow delays nobody', async () => {
    const channel = new SseChannel('news')
    const slow = channel[Symbol.asyncIterator]()
    const first = slow.next()
    const fast = collect(channel)
    for (let i = 0; i < 100; i++) await channel.broadcast(String(i))
    await turn()
    expect(fast.events).toHaveLength(100)
    expect((await first).value?.data).toBe('0')
    expect((await take(slow, 99)).at(-1)?.data).toBe('99')
  })

  test('may join and leave within a broadcast', async () => {
    const channel = new SseChannel('news')
    const joined: (SseEvent | undefined)[] = []
    const leave = (async () => {
      for await (const event of channel) {
        joined.push(event)
        void collect(channel)
        break
      }
    })()
    const stays = collect(channel)
    await channel.broadcast('1')
    await leave
    await channel.broadcast('2')
    await turn()
    expect(joined.map((event) => event?.data)).toEqual(['1'])
    expect(stays.data).toEqual(['1', '2'])
    expect(channel.subscriberCount).toBe(2)
  })
})

describe('the filter of listen()', () => {
  test('lets only those events through for which it is true', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel.listen({ filter: (event) => event.event === 'a' }))
    await channel.broadcast({ event: 'a', data: 1 })
    await channel.broadcast({ event: 'b', data: 2 })
    await channel.broadcast({ event: 'a', data: 3 })
    await turn()
    expect(heard.data).toEqual([1, 3])
  })

  test('sees replayed events as it sees live ones, with their ids', async () => {
    const channel = new SseChannel('news')
    const ids = [await channel.broadcast('1'), await channel.broadcast('2')]
    const seen: SseEvent[] = []
    const filter = (event: SseEvent): boolean => {
      seen.push(event)
      return event.data !== '1'
    }
    const heard = collect(channel.listen({ rewind: 2, filter }))
    ids.push(await channel.broadcast('3'))
    await turn()
    expect(seen.map(({ id, data }) => [id, data])).toEqual([
      [ids[0], '1'],
      [ids[1], '2'],
      [ids[2], '3'],
    ])
    expect(heard.data).toEqual(['2', '3'])
  })

  test('that throws ends that loop with its error, and no other', async () => {
    const channel = new SseChannel('news')
    const failing = collect(
      channel.listen({
        filter: () => {
          throw new Error('no such luck')
        },
      }),
    )
    const other = collect(channel)
    await channel.broadcast('1')
    await expect(failing.over).rejects.toThrow('no such luck')
    await channel.broadcast('2')
    await turn()
    expect(other.data).toEqual(['1', '2'])
    expect(channel.subscriberCount).toBe(1)
  })
})

describe('a filter of listen() that acts on an event', () => {
  /** A loop whose filter does something when it is asked about `A`, and what the loop gets of `A` and what follows. */
  async function heardOf(channel: SseChannel, act: () => void, ...following: string[]): Promise<unknown[]> {
    const filter = ({ data }: SseEvent): boolean => {
      if (data === 'A') act()
      return true
    }
    const heard = collect(channel.listen({ filter }))
    await turn()
    for (const data of ['A', ...following]) void channel.broadcast(data)
    await heard.over
    return heard.events.map(({ event, data }) => event ?? data)
  }

  test('and closes the channel, still gets it and what follows', async () => {
    const channel = new SseChannel('news')
    expect(await heardOf(channel, () => void channel.close(), 'B', 'C')).toEqual(['A', 'B', 'C'])
    expect(channel.subscriberCount).toBe(0)
  })

  test('and closes the channel, still gets it though it is the last', async () => {
    const channel = new SseChannel('news')
    expect(await heardOf(channel, () => void channel.close())).toEqual(['A'])
  })

  test('and ends the channel, still gets it and what was broadcast before the end', async () => {
    const channel = new SseChannel('news')
    expect(await heardOf(channel, () => void channel.end('last'), 'B')).toEqual(['A', 'B', 'last'])
  })

  test('and broadcasts more than can wait, gets it first, then a gap, and then what is left', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 2 } })
    const flood = (): void => {
      for (let i = 0; i < 10_010; i++) void channel.broadcast(String(i))
      void channel.end()
    }
    const data = await heardOf(channel, flood)
    expect(data.slice(0, 2)).toEqual(['A', 'sse-gap'])
    expect(data.at(-1)).toBe('10009')
    const numbers = data.slice(2).map(Number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  test('and aborts its signal, gets nothing more', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const asked: unknown[] = []
    const filter = ({ data }: SseEvent): boolean => {
      asked.push(data)
      controller.abort()
      return false
    }
    const heard = collect(channel.listen({ filter, signal: controller.signal }))
    await turn()
    for (const data of ['A', 'B']) void channel.broadcast(data)
    await heard.over
    expect([asked, heard.data]).toEqual([['A'], []])
  })
})

describe('the heartbeat of listen()', () => {
  test('is a comment after each idle time', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const heard = collect(channel.listen({ heartbeatMs: 10_000 }))
    await jest.advanceTimersByTimeAsync(9_999)
    expect(heard.events).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    await turn()
    expect(heard.events).toEqual([{ comment: 'heartbeat' }])
    await jest.advanceTimersByTimeAsync(10_000)
    await turn()
    expect(heard.events).toHaveLength(2)
  })

  test('waits anew after each event', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const heard = collect(channel.listen({ heartbeatMs: 10_000 }))
    await jest.advanceTimersByTimeAsync(9_000)
    await channel.broadcast('news')
    await turn()
    await jest.advanceTimersByTimeAsync(9_000)
    expect(heard.data).toEqual(['news'])
    await jest.advanceTimersByTimeAsync(1_000)
    await turn()
    expect(heard.events).toHaveLength(2)
  })

  test('is none by default, and none for 0', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const heard = [collect(channel), collect(channel.listen({ heartbeatMs: 0 }))]
    await turn()
    expect(jest.getTimerCount()).toBeLessThanOrEqual(1) // the in-memory log's own sweep at most
    await jest.advanceTimersByTimeAsync(3_600_000)
    for (const { events } of heard) expect(events).toEqual([])
  })

  test('leaves no timer behind when the loop is left', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const before = jest.getTimerCount()
    const iterator = channel.listen({ heartbeatMs: 1_000 })[Symbol.asyncIterator]()
    void iterator.next()
    await turn()
    expect(jest.getTimerCount()).toBe(before + 1)
    await iterator.return?.()
    expect(jest.getTimerCount()).toBe(before)
  })

  test.each([-1, Number.NaN, 2 ** 31, '10'])('refuses %p, with the value in the text', (heartbeatMs) => {
    const channel = new SseChannel('news')
    const listen = (): unknown => Reflect.apply(channel.listen, channel, [{ heartbeatMs }])
    expect(listen).toThrow(RangeError)
    expect(listen).toThrow(`${heartbeatMs}`)
  })
})

test.each<[string, unknown]>([
  ['filter', 5],
  ['signal', new AbortController()],
  ['lastEventId', 5],
])('listen() refuses %s: %p in the call, not in the loop', (name, value) => {
  const channel = new SseChannel('news')
  expect(() => Reflect.apply(channel.listen, channel, [{ [name]: value }])).toThrow(TypeError)
})

describe('the signal of listen()', () => {
  test('ends the loop at once', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const heard = collect(channel.listen({ signal: controller.signal }))
    await channel.broadcast('1')
    await turn()
    controller.abort()
    expect(channel.subscriberCount).toBe(0)
    await heard.over
    expect(heard.data).toEqual(['1'])
  })

  test('that has aborted already ends it before it begins', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel.listen({ signal: AbortSignal.abort(), rewind: 5 }))
    await heard.over
    expect(channel.subscriberCount).toBe(0)
  })

  test('is listened to no longer when the loop is left', async () => {
    const channel = new SseChannel('news')
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    const iterator = channel.listen({ signal })[Symbol.asyncIterator]()
    const waiting = iterator.next()
    expect(listeners).toBe(1)
    await iterator.return?.()
    expect(listeners).toBe(0)
    await waiting
  })
})

test('a listener that nobody loops over holds nothing up', async () => {
  const channel = new SseChannel('news')
  channel.listen()
  await channel.broadcast('1')
  expect(channel.subscriberCount).toBe(0)
  expect(await isPending(channel.close())).toBe(false)
})
