import { expect, test } from '@jest/globals'
import { formatEvent, type LineEnding, type SseEvent } from '@ssekit/sse-core'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'

// Every code point but lone surrogates, which no UTF-8 can carry.
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Dense in what could go wrong.
  fc.string({
    unit: fc.constantFrom('\r', '\n', '\r\n', ':', ' ', 'data', '\0', '\ufeff', '\u2028', 'é', '🚀', 'id: '),
  }),
)
const line = text.map((value) => value.replace(/[\r\n\0]/g, ''))
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

const anyEvent: fc.Arbitrary<SseEvent> = fc
  .record({
    event: optional(line),
    data: optional(text),
    id: optional(line),
    retry: optional(fc.nat()),
    comment: optional(text),
  })
  .filter((event) => Object.values(event).some((value) => value !== undefined))

interface Parsed {
  readonly events: { event: string | undefined; data: string; id: string | undefined }[]
  readonly retries: number[]
  readonly comments: string[]
}

/** What a client hears when the text arrives in pieces that end anywhere, between two bytes of a character too. */
function parse(wire: string, sizes: readonly number[]): Parsed {
  const parsed: Parsed = { events: [], retries: [], comments: [] }
  const parser = createParser({
    onEvent: ({ event, data, id }) => parsed.events.push({ event, data, id }),
    onRetry: (retry) => parsed.retries.push(retry),
    onComment: (comment) => parsed.comments.push(comment),
    onError: (error) => {
      throw error
    },
  })
  const decoder = new TextDecoder()
  const bytes = Buffer.from(wire)
  for (let start = 0, piece = 0; start < bytes.length; piece++) {
    const end = start + (sizes[piece % sizes.length] ?? 1)
    parser.feed(decoder.decode(bytes.subarray(start, end), { stream: true }))
    start = end
  }
  return parsed
}

const linesOf = (value: string): string[] => value.split(/\r\n|\r|\n/)

/** What the standard says a client hears. */
function heard(events: readonly SseEvent[]): Parsed {
  return {
    events: events.flatMap(({ event, data, id }) =>
      typeof data === 'string' ? [{ event: event || undefined, data: linesOf(data).join('\n'), id }] : [],
    ),
    retries: events.flatMap(({ retry }) => retry ?? []),
    comments: events.flatMap(({ comment }) => (comment === undefined ? [] : linesOf(comment))),
  }
}

test('what a parser hears is what was formatted, for any text, line ending and cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyEvent, { minLength: 1, maxLength: 4 }),
      fc.constantFrom<LineEnding>('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      (events, eol, sizes) => {
        // A parser may only know at the next character whether a CR is a whole line ending.
        const wire = `${events.map((event) => formatEvent(event, eol)).join('')}: end\n\n`
        const parsed = parse(wire, sizes)
        expect(parsed).toEqual({ ...heard(events), comments: [...heard(events).comments, 'end'] })
      },
    ),
    { numRuns: 500 },
  )
})

test('JSON comes back as it was, whatever it holds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const [event] = parse(formatEvent({ data: { value } }), [7]).events
      expect(JSON.parse(event?.data ?? '')).toEqual(JSON.parse(JSON.stringify({ value })))
    }),
  )
})
