import { Readable } from 'node:stream'
import { describe, expect, jest, test } from '@jest/globals'
import { merge, SseChannel, SseStream } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'

async function* forever(onFinally: () => void): AsyncGenerator<string> {
  try {
    yield 'first'
    await new Promise(() => {})
  } finally {
    onFinally()
  }
}

/** An iterable whose `next()` never settles, and that reports the call of `return()`. */
function waiting(onReturn: () => void): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        onReturn()
        return { done: true, value: undefined }
      },
    }),
  }
}

describe('merge()', () => {
  test('delivers the events of all sources, each as soon as it comes', async () => {
    const [temperature, humidity] = [new SseStream(), new SseStream()]
    const received = collect(merge(temperature, humidity))
    await turn()
    temperature.addEvent('t', 21)
    await turn()
    humidity.addEvent('h', 40)
    await turn()
    temperature.addEvent('t', 22)
    await turn()
    expect(received.data).toEqual([21, 40, 22])
  })

  test('keeps the order of each source and loses no event, even for a slow reader', async () => {
    const iterator = merge(['a1', 'a2', 'a3'], ['b1', 'b2', 'b3'])[Symbol.asyncIterator]()
    const all: unknown[] = []
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
      all.push(result.value.data)
      await turn()
    }
    expect(all.filter((data) => String(data).startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
    expect(all.filter((data) => String(data).startsWith('b'))).toEqual(['b1', 'b2', 'b3'])
    expect(all).toHaveLength(6)
  })

  test('pulls at most one event ahead from each source', async () => {
    let pulled = 0
    const counting = function* (): Generator<number> {
      for (;;) {
        pulled += 1
        yield pulled
      }
    }
    const iterator = merge(counting(), new SseStream())[Symbol.asyncIterator]()
    await iterator.next()
    await turn()
    expect(pulled).toBeLessThanOrEqual(2)
    await iterator.return?.()
  })

  test('treats plain objects as events, bytes as text, and everything else as data', async () => {
    const received = collect(merge([{ event: 'e', data: 1 }], [Buffer.from('text')], [[7]]))
    await received.over
    expect(received.events).toHaveLength(3)
    expect(received.events).toEqual(expect.arrayContaining([{ event: 'e', data: 1 }, { data: 'text' }, { data: [7] }]))
  })

  test('ends when all sources have ended, also without sources or with empty ones', async () => {
    for (const source of [merge(), merge([]), merge([], [], new Set())]) {
      const received = collect(source)
      await received.over
      expect(received.events).toEqual([])
    }
    const stream = new SseStream()
    const received = collect(merge(['1'], stream))
    await turn()
    expect(received.data).toEqual(['1'])
    stream.end()
    await received.over
  })

  test('of channels delivers events broadcast after the loop has started', async () => {
    const [a, b] = [new SseChannel('a'), new SseChannel('b')]
    const received = collect(merge(a, b))
    await turn()
    await a.broadcast('a')
    await b.broadcast('b')
    await turn()
    expect(received.data).toEqual(['a', 'b'])
    await Promise.all([a.end(), b.end()])
    await received.over
  })

  test('accepts the result of another merge()', async () => {
    const received = collect(merge(merge(['1'], ['2']), ['3']))
    await received.over
    expect(received.data.sort()).toEqual(['1', '2', '3'])
  })

  test('rejects when a source fails, after the earlier events, and closes the other sources', async () => {
    let closed = 0
    const failing = (async function* () {
      yield 'before'
      throw new Error('one of them')
    })()
    const received = collect(
      merge(
        failing,
        waiting(() => {
          closed += 1
        }),
      ),
    )
    await expect(received.over).rejects.toThrow('one of them')
    expect(received.data).toEqual(['before'])
    await turn()
    expect(closed).toBe(1)
  })

  test('rejects with the error of a Node stream that failed before it was read', async () => {
    const readable = new Readable({ read() {} })
    const iterator = merge(readable, new SseStream())[Symbol.asyncIterator]()
    readable.destroy(new Error('upstream died'))
    await turn()
    await expect(iterator.next()).rejects.toThrow('upstream died')
  })

  test('keeps its error listener on a Node stream that failed just before the loop is closed', async () => {
    const readable = new Readable({ read() {} })
    const iterator = merge(readable, new SseStream())[Symbol.asyncIterator]()
    readable.destroy(new Error('upstream died'))
    await iterator.return?.()
    await turn()
    expect(readable.listenerCount('error')).toBe(1)
  })

  test('throws if a source already has a consumer, and closes the sources that it has opened', async () => {
    let closed = 0
    const taken = new SseStream()
    taken[Symbol.asyncIterator]()
    const merged = merge(
      waiting(() => {
        closed += 1
      }),
      taken,
    )
    expect(() => merged[Symbol.asyncIterator]()).toThrow(TypeError)
    await turn()
    expect(closed).toBe(1)
  })

  test('closes all its sources at once on return(), even those with a pending next()', async () => {
    const closed: string[] = []
    const channel = new SseChannel('news')
    const iterator = merge(
      waiting(() => closed.push('waiting')),
      channel,
      (async function* () {
        try {
          yield 'x'
          yield 'y'
        } finally {
          closed.push('generator')
        }
      })(),
    )[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { data: 'x' } })
    await turn()
    expect(channel.subscriberCount).toBe(1)
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    await turn()
    expect(closed.sort()).toEqual(['generator', 'waiting'])
    expect(channel.subscriberCount).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('resolves a pending next() on return(), though its sources never settle', async () => {
    const iterator = merge(
      forever(() => {}),
      new SseStream(),
    )[Symbol.asyncIterator]()
    await iterator.next()
    const pending = iterator.next()
    await turn()
    await iterator.return?.()
    expect(await pending).toEqual({ done: true, value: undefined })
  })

  test('resolves every pending next() when all sources have ended', async () => {
    const iterator = merge(['1'])[Symbol.asyncIterator]()
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
    expect(results.map(({ done }) => done)).toEqual([false, true, true])
  })

  test.each([undefined, null, 7, 'text', {}, () => 'x'])('refuses the source %p with a TypeError', (source) => {
    expect(() => Reflect.apply(merge, undefined, [[], source])).toThrow(TypeError)
  })

  test('emits a process warning for what a source throws when it is cancelled', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const failing: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => Promise.reject(new Error('the cursor is gone')),
      }),
    }
    const iterator = merge(failing)[Symbol.asyncIterator]()
    void iterator.next()
    await iterator.return?.()
    await turn()
    expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('the cursor is gone')])
    emitWarning.mockRestore()
  })
})
