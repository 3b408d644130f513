import { describe, expect, test } from '@jest/globals'
import { SseStream } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'

describe('an SseStream', () => {
  test('holds added events in order until they are read', async () => {
    const stream = new SseStream()
    expect(stream.isEmpty).toBe(true)
    stream.add('text').addData({ a: 1 }).addEvent('order', 7).add({ comment: 'c' })
    expect(stream.length).toBe(4)
    expect(stream.isEmpty).toBe(false)
    const received = collect(stream)
    await turn()
    expect(received.events).toEqual([
      { data: 'text' },
      { data: { a: 1 } },
      { event: 'order', data: 7 },
      { comment: 'c' },
    ])
    expect(stream.length).toBe(0)
    expect(stream.isEmpty).toBe(true)
  })

  test('accepts events while it is read, until end()', async () => {
    const stream = new SseStream()
    const received = collect(stream)
    await turn()
    stream.addData('1')
    await turn()
    stream.addData('2')
    stream.end()
    stream.end()
    await received.over
    expect(received.data).toEqual(['1', '2'])
  })

  test('keeps its order and a correct length while adding and reading take turns', async () => {
    const stream = new SseStream()
    const iterator = stream[Symbol.asyncIterator]()
    const read: unknown[] = []
    let added = 0
    for (const [more, fewer] of [
      [3, 1],
      [2, 3],
      [1, 2],
      [4, 1],
      [5, 8],
    ] as const) {
      for (let i = 0; i < more; i++) stream.addData(added++)
      for (const { data } of await take(iterator, fewer)) read.push(data)
      expect(stream.length).toBe(added - read.length)
    }
    expect(read).toEqual(Array.from({ length: added }, (_, i) => i))
    expect(stream.isEmpty).toBe(true)
  })

  test('that ended before it is read still delivers its events', async () => {
    const stream = new SseStream().addData('1')
    stream.end()
    const received = collect(stream)
    await received.over
    expect(received.data).toEqual(['1'])
  })

  test('throws ERR_SSE_CLOSED for an event added after end()', () => {
    const stream = new SseStream()
    stream.end()
    expect(() => stream.addData('late')).toThrow(expect.objectContaining({ code: 'ERR_SSE_CLOSED' }))
  })

  test('throws at once for an event that cannot be written, and does not add it', () => {
    const stream = new SseStream()
    for (const add of [
      () => stream.add({ event: 'a\nb' }),
      () => stream.addEvent('a\r', 1),
      () => stream.addData(1n),
    ]) {
      expect(add).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
    }
    expect(stream.isEmpty).toBe(true)
  })

  test('delivers events as they were when they were added', async () => {
    const event = { data: 'before' }
    const stream = new SseStream().add(event)
    event.data = 'after'
    stream.end()
    const received = collect(stream)
    await received.over
    expect(received.data).toEqual(['before'])
  })

  test('delivers frozen events', async () => {
    const iterator = new SseStream().addData('original')[Symbol.asyncIterator]()
    const { value } = await iterator.next()
    expect(() => Object.assign(value ?? {}, { data: 'changed' })).toThrow(TypeError)
    expect(value).toEqual({ data: 'original' })
  })

  test('throws a TypeError for a second consumer', () => {
    const stream = new SseStream()
    stream[Symbol.asyncIterator]()
    expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError)
  })

  test('drops its events, and ignores new ones, after its consumer has called return()', async () => {
    const stream = new SseStream().addData('1').addData('2')
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    await iterator.return?.()
    expect(stream.length).toBe(0)
    stream.addData('3')
    expect(stream.length).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    // An invalid event is still an error.
    expect(() => stream.addData(1n)).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
  })

  test('resolves a pending next() as done when its consumer calls return()', async () => {
    const iterator = new SseStream()[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await turn()
    await iterator.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  test('resolves several pending next() calls in order', async () => {
    const stream = new SseStream()
    const iterator = stream[Symbol.asyncIterator]()
    const results = [iterator.next(), iterator.next(), iterator.next()]
    await turn()
    stream.addData('1').addData('2')
    stream.end()
    expect(await Promise.all(results)).toEqual([
      { done: false, value: { data: '1' } },
      { done: false, value: { data: '2' } },
      { done: true, value: undefined },
    ])
  })
})
