import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { SseChannel, type SseEvent } from '@ssekit/sse-core'
import { collect, isPending, take, turn } from './collecting.js'

afterEach(() => {
  jest.useRealTimers()
})

/** Stops timers, but not turns of the event loop. */
function stopClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
}

describe('a loop over a channel', () => {
  test('receives the events broadcast after it has started', async () => {
    const channel = new SseChannel('news')
    await channel.broadcast('before')
    const received = collect(channel)
    await channel.broadcast('after')
    await turn()
    expect(received.data).toEqual(['after'])
  })

  test('receives the events broadcast after listen() was called, even before the loop starts', async () => {
    const channel = new SseChannel('news')
    const listening = channel.listen()
    await channel.broadcast('between')
    const received = collect(listening)
    await turn()
    expect(received.data).toEqual(['between'])
  })

  test('counts as a subscriber from its start to its end', async () => {
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

  test('resolves a pending next() as done when return() is called', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(channel.subscriberCount).toBe(0)
  })

  test('delivers no unread events after return()', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const first = iterator.next()
    for (const data of ['1', '2']) void channel.broadcast(data)
    expect((await first).value?.data).toBe('1')
    await iterator.return?.()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('resolves several pending next() calls in order', async () => {
    const channel = new SseChannel('news')
    const iterator = channel[Symbol.asyncIterator]()
    const results = [iterator.next(), iterator.next(), iterator.next()]
    await channel.broadcast('1')
    await channel.broadcast('2')
    await channel.broadcast('3')
    expect((await Promise.all(results)).map(({ value }) => value?.data)).toEqual(['1', '2', '3'])
  })

  test('that is slow does not delay another loop', async () => {
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

  test('can end and start another loop while it handles an event', async () => {
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
  test('lets only those events through for which it returns true', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel.listen({ filter: (event) => event.event === 'a' }))
    await channel.broadcast({ event: 'a', data: 1 })
    await channel.broadcast({ event: 'b', data: 2 })
    await channel.broadcast({ event: 'a', data: 3 })
    await turn()
    expect(received.data).toEqual([1, 3])
  })

  test('is called with replayed and live events, with their ids', async () => {
    const channel = new SseChannel('news')
    const ids = [await channel.broadcast('1'), await channel.broadcast('2')]
    const seen: SseEvent[] = []
    const filter = (event: SseEvent): boolean => {
      seen.push(event)
      return event.data !== '1'
    }
    const received = collect(channel.listen({ rewind: 2, filter }))
    ids.push(await channel.broadcast('3'))
    await turn()
    expect(seen.map(({ id, data }) => [id, data])).toEqual([
      [ids[0], '1'],
      [ids[1], '2'],
      [ids[2], '3'],
    ])
    expect(received.data).toEqual(['2', '3'])
  })

  test('that throws makes its own loop reject, and no other loop', async () => {
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

describe('a loop whose filter', () => {
  /** Runs a loop whose filter calls `act` at the event `A`; returns what it receives of `A` and the following events. */
  async function receivedBy(channel: SseChannel, act: () => void, ...following: string[]): Promise<unknown[]> {
    const filter = ({ data }: SseEvent): boolean => {
      if (data === 'A') act()
      return true
    }
    const received = collect(channel.listen({ filter }))
    await turn()
    for (const data of ['A', ...following]) void channel.broadcast(data)
    await received.over
    return received.events.map(({ event, data }) => event ?? data)
  }

  test('closes the channel still receives the current event and all that were already broadcast', async () => {
    const channel = new SseChannel('news')
    expect(await receivedBy(channel, () => void channel.close(), 'B', 'C')).toEqual(['A', 'B', 'C'])
    expect(channel.subscriberCount).toBe(0)
  })

  test('closes the channel still receives the current event, though it is the last one', async () => {
    const channel = new SseChannel('news')
    expect(await receivedBy(channel, () => void channel.close())).toEqual(['A'])
  })

  test('ends the channel still receives the current event and all that were broadcast before the end', async () => {
    const channel = new SseChannel('news')
    expect(await receivedBy(channel, () => void channel.end('last'), 'B')).toEqual(['A', 'B', 'last'])
  })

  test('broadcasts a flood receives the current event, then an sse-gap, then the retained events', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 2 } })
    const flood = (): void => {
      for (let i = 0; i < 10_010; i++) void channel.broadcast(String(i))
      void channel.end()
    }
    const data = await receivedBy(channel, flood)
    expect(data.slice(0, 2)).toEqual(['A', 'sse-gap'])
    expect(data.at(-1)).toBe('10009')
    const numbers = data.slice(2).map(Number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  test('aborts the signal of the loop receives nothing more', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const asked: unknown[] = []
    const filter = ({ data }: SseEvent): boolean => {
      asked.push(data)
      controller.abort()
      return false
    }
    const received = collect(channel.listen({ filter, signal: controller.signal }))
    await turn()
    for (const data of ['A', 'B']) void channel.broadcast(data)
    await received.over
    expect([asked, received.data]).toEqual([['A'], []])
  })
})

describe('the heartbeat of listen()', () => {
  test('is a comment after each idle interval', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const received = collect(channel.listen({ heartbeatMs: 10_000 }))
    await jest.advanceTimersByTimeAsync(9_999)
    expect(received.events).toEqual([])
    await jest.advanceTimersByTimeAsync(1)
    await turn()
    expect(received.events).toEqual([{ comment: 'heartbeat' }])
    await jest.advanceTimersByTimeAsync(10_000)
    await turn()
    expect(received.events).toHaveLength(2)
  })

  test('comes a full interval after the last event', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const received = collect(channel.listen({ heartbeatMs: 10_000 }))
    await jest.advanceTimersByTimeAsync(9_000)
    await channel.broadcast('news')
    await turn()
    await jest.advanceTimersByTimeAsync(9_000)
    expect(received.data).toEqual(['news'])
    await jest.advanceTimersByTimeAsync(1_000)
    await turn()
    expect(received.events).toHaveLength(2)
  })

  test('is off by default, and off for 0', async () => {
    stopClock()
    const channel = new SseChannel('news')
    const received = [collect(channel), collect(channel.listen({ heartbeatMs: 0 }))]
    await turn()
    expect(jest.getTimerCount()).toBeLessThanOrEqual(1) // the in-memory log's own sweep at most
    await jest.advanceTimersByTimeAsync(3_600_000)
    for (const { events } of received) expect(events).toEqual([])
  })

  test('has no timer left after the loop has ended', async () => {
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

  test.each([-1, Number.NaN, 2 ** 31, '10'])(
    'refuses an interval of %p with a RangeError that names the value',
    (heartbeatMs) => {
      const channel = new SseChannel('news')
      const listen = (): unknown => Reflect.apply(channel.listen, channel, [{ heartbeatMs }])
      expect(listen).toThrow(RangeError)
      expect(listen).toThrow(`${heartbeatMs}`)
    },
  )
})

test.each<[string, unknown]>([
  ['filter', 5],
  ['signal', new AbortController()],
  ['lastEventId', 5],
])('listen() throws a TypeError for %s: %p when it is called, not later in the loop', (name, value) => {
  const channel = new SseChannel('news')
  expect(() => Reflect.apply(channel.listen, channel, [{ [name]: value }])).toThrow(TypeError)
})

describe('the signal of listen()', () => {
  test('ends the loop at once when it aborts', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const received = collect(channel.listen({ signal: controller.signal }))
    await channel.broadcast('1')
    await turn()
    controller.abort()
    expect(channel.subscriberCount).toBe(0)
    await received.over
    expect(received.data).toEqual(['1'])
  })

  test('that has already aborted ends the loop before it starts', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel.listen({ signal: AbortSignal.abort(), rewind: 5 }))
    await received.over
    expect(channel.subscriberCount).toBe(0)
  })

  test('has no listener left after the loop has ended', async () => {
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

test('a listen() result that is never read does not block broadcast() or close()', async () => {
  const channel = new SseChannel('news')
  channel.listen()
  await channel.broadcast('1')
  expect(channel.subscriberCount).toBe(0)
  expect(await isPending(channel.close())).toBe(false)
})
