import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
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

/** An iterator that only waits, and notes that it was left. */
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

describe('merge', () => {
  test('gives the events of all sources, each as soon as it comes', async () => {
    const [temperature, humidity] = [new SseStream(), new SseStream()]
    const heard = collect(merge(temperature, humidity))
    await turn()
    temperature.addEvent('t', 21)
    await turn()
    humidity.addEvent('h', 40)
    await turn()
    temperature.addEvent('t', 22)
    await turn()
    expect(heard.data).toEqual([21, 40, 22])
  })

  test('keeps the order of each source, and forgets none, however slow the reader', async () => {
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

  test('asks no source for more than one event ahead', async () => {
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

  test('reads plain objects as events, bytes as text, everything else as data', async () => {
    const heard = collect(merge([{ event: 'e', data: 1 }], [Buffer.from('text')], [[7]]))
    await heard.over
    expect(heard.events).toHaveLength(3)
    expect(heard.events).toEqual(expect.arrayContaining([{ event: 'e', data: 1 }, { data: 'text' }, { data: [7] }]))
  })

  test('ends when all have ended, also with none or with empty ones', async () => {
    for (const source of [merge(), merge([]), merge([], [], new Set())]) {
      const heard = collect(source)
      await heard.over
      expect(heard.events).toEqual([])
    }
    const stream = new SseStream()
    const heard = collect(merge(['1'], stream))
    await turn()
    expect(heard.data).toEqual(['1'])
    stream.end()
    await heard.over
  })

  test('of channels gives what is broadcast from the loop on', async () => {
    const [a, b] = [new SseChannel('a'), new SseChannel('b')]
    const heard = collect(merge(a, b))
    await turn()
    await a.broadcast('a')
    await b.broadcast('b')
    await turn()
    expect(heard.data).toEqual(['a', 'b'])
    await Promise.all([a.end(), b.end()])
    await heard.over
  })

  test('may be merged again', async () => {
    const heard = collect(merge(merge(['1'], ['2']), ['3']))
    await heard.over
    expect(heard.data.sort()).toEqual(['1', '2', '3'])
  })

  test('fails when one fails, once what came before is read, and leaves the others', async () => {
    let left = 0
    const failing = (async function* () {
      yield 'last words'
      throw new Error('one of them')
    })()
    const heard = collect(
      merge(
        failing,
        waiting(() => {
          left += 1
        }),
      ),
    )
    await expect(heard.over).rejects.toThrow('one of them')
    expect(heard.data).toEqual(['last words'])
    await turn()
    expect(left).toBe(1)
  })

  test('fails with what a stream of Node failed with before it was read', async () => {
    const readable = new Readable({ read() {} })
    const iterator = merge(readable, new SseStream())[Symbol.asyncIterator]()
    readable.destroy(new Error('upstream died'))
    await turn()
    await expect(iterator.next()).rejects.toThrow('upstream died')
  })

  test('may be left with a stream of Node that has just failed', async () => {
    const readable = new Readable({ read() {} })
    const iterator = merge(readable, new SseStream())[Symbol.asyncIterator]()
    readable.destroy(new Error('upstream died'))
    await iterator.return?.()
    await turn()
    expect(readable.listenerCount('error')).toBe(1)
  })

  test('that cannot begin, since one has a consumer already, leaves those that it has begun', async () => {
    let left = 0
    const taken = new SseStream()
    taken[Symbol.asyncIterator]()
    const merged = merge(
      waiting(() => {
        left += 1
      }),
      taken,
    )
    expect(() => merged[Symbol.asyncIterator]()).toThrow(TypeError)
    await turn()
    expect(left).toBe(1)
  })

  test('that is left leaves all its sources at once, even those that wait', async () => {
    const left: string[] = []
    const channel = new SseChannel('news')
    const iterator = merge(
      waiting(() => left.push('waiting')),
      channel,
      (async function* () {
        try {
          yield 'x'
          yield 'y'
        } finally {
          left.push('generator')
        }
      })(),
    )[Symbol.asyncIterator]()
    expect(await iterator.next()).toMatchObject({ value: { data: 'x' } })
    await turn()
    expect(channel.subscriberCount).toBe(1)
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    await turn()
    expect(left.sort()).toEqual(['generator', 'waiting'])
    expect(channel.subscriberCount).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('lets a next() that waits go when it is left, though its sources never answer', async () => {
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

  test('lets every next() that waits go when all have ended', async () => {
    const iterator = merge(['1'])[Symbol.asyncIterator]()
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
    expect(results.map(({ done }) => done)).toEqual([false, true, true])
  })

  test.each([undefined, null, 7, 'text', {}, () => 'x'])('takes no %p', (source) => {
    expect(() => Reflect.apply(merge, undefined, [[], source])).toThrow(TypeError)
  })
})
