import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { formatEvent, type LineEnding } from '@ssekit/sse-core'
import { createParser } from 'eventsource-parser'

const EOLS: readonly LineEnding[] = ['\n', '\r\n', '\r']

/** The data of the events that a standard parser finds in the text. */
function parsedData(text: string): string[] {
  const data: string[] = []
  // After a CR, a parser needs the next character to know whether the line ending is complete.
  createParser({ onEvent: (event) => data.push(event.data) }).feed(`${text}: end\n`)
  return data
}

describe.each(EOLS)('with the line ending %j', (eol) => {
  test.each(EOLS)('formatEvent() writes a data line for each line of data that is separated by %j', (inner) => {
    expect(formatEvent({ data: `a${inner}b${inner}${inner}c` }, eol)).toBe(
      ['data: a', 'data: b', 'data: ', 'data: c', '', ''].join(eol),
    )
  })

  test.each(EOLS)('formatEvent() writes a comment line for each line of a comment that is separated by %j', (inner) => {
    expect(formatEvent({ comment: `a${inner}b` }, eol)).toBe([': a', ': b', '', ''].join(eol))
  })

  test('every field line and the blank line end with that line ending', () => {
    const text = formatEvent({ id: 'i', event: 'e', retry: 1, comment: 'c', data: 'd' }, eol)
    expect(text.split(eol)).toHaveLength(7)
    expect(text.replaceAll(eol, '')).not.toMatch(/[\r\n]/)
  })

  test.each(EOLS)('data that ends with %j still ends with a line feed after parsing', (inner) => {
    expect(parsedData(formatEvent({ data: `a${inner}` }, eol))).toEqual(['a\n'])
  })

  test('data that is a single line feed is parsed as a single line feed', () => {
    expect(parsedData(formatEvent({ data: '\n' }, eol))).toEqual(['\n'])
  })
})

test('in data, CRLF is one line break, and LF followed by CR is two', () => {
  expect(formatEvent('a\r\nb')).toBe('data: a\ndata: b\n\n')
  expect(formatEvent('a\n\rb')).toBe('data: a\ndata: \ndata: b\n\n')
})

test.each([
  ['U+2028 line separator', '\u2028'],
  ['U+2029 paragraph separator', '\u2029'],
  ['VT', '\v'],
  ['FF', '\f'],
  ['NEL', '\u0085'],
  ['FS', '\u001c'],
  ['NUL, which is legal in data', '\0'],
  ['a byte order mark', '\ufeff'],
])('data and comments are not split at %s', (_name, character) => {
  expect(formatEvent({ data: `a${character}b`, comment: `c${character}d` })).toBe(
    `: c${character}d\ndata: a${character}b\n\n`,
  )
})

test.each([
  'a\r\revent: evil\rdata: pwn\r\r',
  'a\n\nevent: evil\ndata: pwn\n\n',
  'a\r\n\r\nid: 666\r\nretry: 0\r\n\r\n',
  '\n\n\n',
])('data %j is parsed as the data of one event', (data) => {
  const events: unknown[] = []
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (retry) => events.push(retry),
  })
  parser.feed(formatEvent({ data }))
  expect(events).toEqual([{ data: data.replace(/\r\n|\r/g, '\n'), event: undefined, id: undefined }])
})

test('a comment that contains line breaks cannot start an event', () => {
  expect(parsedData(`${formatEvent({ comment: 'x\n\ndata: pwn\r\rdata: pwn\r\n\r\n' })}data: end\n\n`)).toEqual(['end'])
})

test.each(['\n\n', '', 'CRLF', 'n', 7, null])(
  'the line ending %j is refused with a RangeError that names the value',
  (eol) => {
    const format = (): string => Reflect.apply(formatEvent, undefined, ['x', eol])
    expect(format).toThrow(RangeError)
    expect(format).toThrow(inspect(eol))
  },
)
