import { describe, expect, test } from '@jest/globals'
import { formatEvent, SseEvent } from '@ssekit/sse-core'

describe('formatEvent()', () => {
  test.each<[string, SseEvent | string, string]>([
    ['a string as data', 'hello', 'data: hello\n\n'],
    ['an empty string as an empty data line', '', 'data: \n\n'],
    ['an empty data field as an empty data line', { data: '' }, 'data: \n\n'],
    ['an event type', { event: 'order', data: 'x' }, 'event: order\ndata: x\n\n'],
    ['an empty event type', { event: '', data: 'x' }, 'event: \ndata: x\n\n'],
    ['an id', { id: '42', data: 'x' }, 'id: 42\ndata: x\n\n'],
    ['an empty id, which resets the last event id', { id: '' }, 'id: \n\n'],
    ['an id alone', { id: '7' }, 'id: 7\n\n'],
    ['a retry', { retry: 3000 }, 'retry: 3000\n\n'],
    ['a retry of 0', { retry: 0 }, 'retry: 0\n\n'],
    ['a comment', { comment: 'still here' }, ': still here\n\n'],
    ['an empty comment', { comment: '' }, ': \n\n'],
    ['a comment and data in one block', { comment: 'c', data: 'd' }, ': c\ndata: d\n\n'],
    ['an object as JSON', { data: { a: [1, { b: null }] } }, 'data: {"a":[1,{"b":null}]}\n\n'],
    ['an array as JSON', { data: [1, 'two'] }, 'data: [1,"two"]\n\n'],
    ['a number as JSON', { data: 0 }, 'data: 0\n\n'],
    ['a boolean as JSON', { data: false }, 'data: false\n\n'],
    ['null as JSON', { data: null }, 'data: null\n\n'],
    [
      'an object with toJSON() as the result of toJSON()',
      { data: new Date(0) },
      'data: "1970-01-01T00:00:00.000Z"\n\n',
    ],
    ['a leading space unchanged', { data: ' x' }, 'data:  x\n\n'],
    ['a leading colon as data', { data: ': x' }, 'data: : x\n\n'],
    ['non-ASCII text unchanged', { data: 'žluť 🚀' }, 'data: žluť 🚀\n\n'],
    ['no line for an undefined field', { event: 'e', data: undefined, id: undefined }, 'event: e\n\n'],
  ])('writes %s', (_what, event, text) => {
    expect(formatEvent(event)).toBe(text)
  })

  test('writes all fields of an event in one block', () => {
    const text = formatEvent({ event: 'e', data: 'd', id: 'i', retry: 1, comment: 'c' })
    expect(text.split('\n').sort()).toEqual(['', '', ': c', 'data: d', 'event: e', 'id: i', 'retry: 1'])
    expect(text.endsWith('\n\n')).toBe(true)
  })

  test('does not change the event object or its data', () => {
    const data = Object.freeze({ list: Object.freeze([1, 2]) })
    const event = Object.freeze({ event: 'e', data, id: 'i', retry: 1, comment: 'a\nb' })
    const before = structuredClone(event)
    formatEvent(event)
    expect(event).toEqual(before)
  })

  test('formats an event again after its object has changed', () => {
    const event = { data: 'before' }
    formatEvent(event)
    event.data = 'after'
    expect(formatEvent(event)).toBe('data: after\n\n')
  })
})

describe('the SseEvent factory', () => {
  test('data() makes an event without a type', () => {
    expect(SseEvent.data('text')).toEqual({ data: 'text' })
    expect(SseEvent.data({ a: 1 })).toEqual({ data: { a: 1 } })
  })

  test('withEvent() makes an event of the given type', () => {
    expect(SseEvent.withEvent('notification', { a: 1 })).toEqual({ event: 'notification', data: { a: 1 } })
  })

  test('json() writes strings as JSON too, and keeps the other fields', () => {
    expect(SseEvent.json({ a: 1 }, { event: 'e', id: '1' })).toEqual({ event: 'e', id: '1', data: '{"a":1}' })
    expect(formatEvent(SseEvent.json('text'))).toBe('data: "text"\n\n')
  })

  test('json() refuses a value that cannot be written as JSON', () => {
    expect(() => SseEvent.json(1n)).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
    expect(() => SseEvent.json(undefined)).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
  })
})
