import { expect, test } from '@jest/globals'
import { formatEvent, type LineEnding } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { anyEvent, anyLine, type Heard, Hearing, heardOf, wellFormed } from './heard.js'

const lineEndings: readonly LineEnding[] = ['\n', '\r\n', '\r']

/** What a client hears when the text arrives in pieces that end anywhere, between two bytes of a character too. */
function hear(wire: string, sizes: readonly number[]): Heard {
  const hearing = new Hearing()
  const bytes = Buffer.from(wire)
  for (let start = 0, piece = 0; start < bytes.length; piece++) {
    const end = start + (sizes[piece % sizes.length] ?? 1)
    hearing.feed(bytes.subarray(start, end))
    start = end
  }
  return hearing.heard
}

test('what a parser hears is what was formatted, for any text, line ending and cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent(anyLine), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...lineEndings),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      (events, eol, sizes) => {
        // A parser may only know at the next character whether a CR is a whole line ending.
        const wire = `${events.map((event) => formatEvent(event, eol)).join('')}: end\n\n`
        const expected = heardOf(events)
        expect(hear(wire, sizes)).toEqual({ ...expected, comments: [...expected.comments, 'end'] })
      },
    ),
    { numRuns: isFullStress ? 20_000 : 500 },
  )
})

test.each(lineEndings.map((eol) => [JSON.stringify(eol), eol] as const))(
  'every code point survives, lines end with %s; half of a surrogate pair becomes U+FFFD',
  (_name, eol) => {
    const block = 0x4000
    for (let first = 0; first <= 0x10ffff; first += block) {
      // Apart from each other, lest two halves become a pair.
      const data = Array.from({ length: block }, (_, index) => `${String.fromCodePoint(first + index)}.`).join('')
      const { events } = hear(`${formatEvent({ data }, eol)}\n`, [4_093])
      expect(events).toEqual(heardOf([{ data }]).events)
    }
  },
)

test('what UTF-8 cannot carry is U+FFFD in text, and comes back as it was in JSON', () => {
  const half = '\ud83d'
  expect(hear(formatEvent({ event: half, data: `a${half}b` }), [1]).events).toMatchObject([
    { event: '\ufffd', data: 'a\ufffdb' },
  ])
  expect(JSON.parse(hear(formatEvent({ data: { half } }), [1]).events[0]?.data ?? '')).toEqual({ half })
  expect(wellFormed(`${half}\ude80`)).toBe('🚀')
})

test('JSON comes back as it was, whatever it holds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(...lineEndings), (value, eol) => {
      const [event] = hear(`${formatEvent({ data: { value } }, eol)}\n`, [7]).events
      expect(JSON.parse(event?.data ?? '')).toEqual(JSON.parse(JSON.stringify({ value })))
    }),
    { numRuns: isFullStress ? 10_000 : 200 },
  )
})
