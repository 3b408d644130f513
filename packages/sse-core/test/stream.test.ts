import { describe, expect, test } from '@jest/globals'
import { SseStream } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'

describe('an SseStream', () => {
  test('holds what is added until it is read, in order', async () => {
    const stream = new SseStream()
    expect(stream.isEmpty).toBe(true)
    stream.add('text').addData({ a: 1 }).addEvent('order', 7).add({ comment: 'c' })
    expect(stream.length).toBe(4)
    expect(stream.isEmpty).toBe(false)
    const heard = collect(stream)
    await turn()
    expect(heard.events).toEqual([{ data: 'text' }, { data: { a: 1 } }, { event: 'order', data: 7 }, { comment: 'c' }])
    expect(stream.length).toBe(0)
    expect(stream.isEmpty).toBe(true)
  })

  test('goes on while it is read, until it is ended', async () => {
    const stream = new SseStream()
    const heard = collect(stream)
    await turn()
    stream.addData('1')
    await turn()
    stream.addData('2')
    stream.end()
    stream.end()
    await heard.over
    expect(heard.data).toEqual(['1', '2'])
  })

  test('keeps its order, and knows how much waits, however adding and reading take turns', async () => {
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

  test('that was ended before it is read gives what it holds', async () => {
    const stream = new SseStream().addData('1')
    stream.end()
    const heard = collect(stream)
    await heard.over
    expect(heard.data).toEqual(['1'])
  })

  test('takes nothing after its end', () => {
    const stream = new SseStream()
    stream.end()
    expect(() => stream.addData('late')).toThrow(expect.objectContaining({ code: 'ERR_SSE_CLOSED' }))
  })

  test('refuses at once what cannot be written', () => {
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

  test('holds events as they were when they were added', async () => {
    const event = { data: 'before' }
    const stream = new SseStream().add(event)
    event.data = 'after'
    stream.end()
    const heard = collect(stream)
    await heard.over
    expect(heard.data).toEqual(['before'])
  })

  test('gives events that nobody can change: what goes over the wire is decided when they are added', async () => {
    const iterator = new SseStream().addData('as it was')[Symbol.asyncIterator]()
    const { value } = await iterator.next()
    expect(() => Object.assign(value ?? {}, { data: 'changed' })).toThrow(TypeError)
    expect(value).toEqual({ data: 'as it was' })
  })

  test('has one consumer', () => {
    const stream = new SseStream()
    stream[Symbol.asyncIterator]()
    expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError)
  })

  test('whose consumer has left holds nothing any more, and adding to it does nothing', async () => {
    const stream = new SseStream().addData('1').addData('2')
    const iterator = stream[Symbol.asyncIterator]()
    await iterator.next()
    await iterator.return?.()
    expect(stream.length).toBe(0)
    stream.addData('3')
    expect(stream.length).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    // What cannot be written is a mistake all the same.
    expect(() => stream.addData(1n)).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
  })

  test('lets a next() that waits go when its consumer leaves', async () => {
    const iterator = new SseStream()[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await turn()
    await iterator.return?.()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  test('answers several next() calls at once', async () => {
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
