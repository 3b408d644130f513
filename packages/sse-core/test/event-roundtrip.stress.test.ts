import { expect, test } from '@jest/globals'
import { formatEvent, type LineEnding } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { anyEvent, anyLine, expectedParse, type ParsedStream, StreamParser, wellFormed } from './event-parsing.js'

const lineEndings: readonly LineEnding[] = ['\n', '\r\n', '\r']

/** What a client receives when the text arrives in chunks, which can end within a character. */
function parse(wire: string, sizes: readonly number[]): ParsedStream {
  const parser = new StreamParser()
  const bytes = Buffer.from(wire)
  for (let start = 0, piece = 0; start < bytes.length; piece++) {
    const end = start + (sizes[piece % sizes.length] ?? 1)
    parser.feed(bytes.subarray(start, end))
    start = end
  }
  return parser.parsed
}

test('a parser receives exactly the events that were formatted, for any text, line ending and chunk size', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent(anyLine), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...lineEndings),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      (events, eol, sizes) => {
        // After a CR, a parser needs the next character to know whether the line ending is complete.
        const wire = `${events.map((event) => formatEvent(event, eol)).join('')}: end\n\n`
        const expected = expectedParse(events)
        expect(parse(wire, sizes)).toEqual({ ...expected, comments: [...expected.comments, 'end'] })
      },
    ),
    { numRuns: isFullStress ? 20_000 : 500 },
  )
})

test.each(lineEndings.map((eol) => [JSON.stringify(eol), eol] as const))(
  'every code point survives with line ending %s, except lone surrogates, which become U+FFFD',
  (_name, eol) => {
    const block = 0x4000
    for (let first = 0; first <= 0x10ffff; first += block) {
      // Separated by dots, so that two lone surrogates do not form a pair.
      const data = Array.from({ length: block }, (_, index) => `${String.fromCodePoint(first + index)}.`).join('')
      const { events } = parse(`${formatEvent({ data }, eol)}\n`, [4_093])
      expect(events).toEqual(expectedParse([{ data }]).events)
    }
  },
)

test('a lone surrogate becomes U+FFFD in text, but survives in JSON data', () => {
  const half = '\ud83d'
  expect(parse(formatEvent({ event: half, data: `a${half}b` }), [1]).events).toMatchObject([
    { event: '\ufffd', data: 'a\ufffdb' },
  ])
  expect(JSON.parse(parse(formatEvent({ data: { half } }), [1]).events[0]?.data ?? '')).toEqual({ half })
  expect(wellFormed(`${half}\ude80`)).toBe('🚀')
})

test('data of any JSON value is parsed back to the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(...lineEndings), (value, eol) => {
      const [event] = parse(`${formatEvent({ data: { value } }, eol)}\n`, [7]).events
      expect(JSON.parse(event?.data ?? '')).toEqual(JSON.parse(JSON.stringify({ value })))
    }),
    { numRuns: isFullStress ? 10_000 : 200 },
  )
})
