import { describe, expect, test } from '@jest/globals'
import { formatEvent, SseError } from '@ssekit/sse-core'

/** Calls `formatEvent()` as JavaScript can, without type checks. */
function format(event: unknown): string {
  return Reflect.apply(formatEvent, undefined, [event])
}

function refusalOf(event: unknown): SseError {
  try {
    format(event)
  } catch (error) {
    if (error instanceof SseError) return error
    throw error
  }
  throw new Error(`no error, but the text ${format(event)}`)
}

describe.each(['event', 'id'])('the field %s', (field) => {
  test.each(['a\nb', 'a\rb', 'a\r\nb', '\n', 'a\0b', '\0'])('must not contain CR, LF or NUL: %j', (value) => {
    const error = refusalOf({ [field]: value, data: 'x' })
    expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
    expect(error.message).toContain(`${field} `)
    expect(error.message).toContain(JSON.stringify(value))
  })

  test.each([0, 1, true, null, {}, [], Symbol('s'), 1n])('must be a string, not %p', (value) => {
    const error = refusalOf({ [field]: value, data: 'x' })
    expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
    expect(error.message).toContain(`${field} must be a string`)
  })

  test('can be any other text', () => {
    expect(format({ [field]: ' ü\u2028\t🚀' })).toContain(`${field}:  ü\u2028\t🚀\n`)
  })
})

test.each(['id', 'event', 'comment'] as const)('a %s that changes after it was checked is not written', (field) => {
  let reads = 0
  const event = {
    data: 1,
    get [field]() {
      reads += 1
      return reads < 3 ? 'a' : 'a\ndata: forged'
    },
  }
  for (let n = 0; n < 3; n++) {
    let text = ''
    try {
      text = format(event)
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    }
    expect(text).not.toContain('\ndata: forged')
  }
})

test('an id that toJSON() of the data changes is written as it was before', () => {
  const event = {
    id: '1',
    data: {
      toJSON() {
        event.id = '1\ndata: forged\n'
        return 'x'
      },
    },
  }
  expect(format(event)).toBe('id: 1\ndata: "x"\n\n')
})

test.each([0, true, null, {}, []])('a comment must be a string, not %p', (comment) => {
  expect(refusalOf({ comment }).message).toContain('comment must be a string')
})

test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '10', 'ten', true, null, [5], 1n])(
  'retry must be a non-negative safe integer, not %p',
  (retry) => {
    const error = refusalOf({ retry })
    expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
    expect(error.message).toContain('retry must be')
    expect(error.message).toContain(String(retry))
  },
)

test.each([0, 1, 2_000, 2 ** 53 - 1])('retry can be %p', (retry) => {
  expect(format({ retry })).toBe(`retry: ${retry}\n\n`)
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

test.each([
  ['a cycle', cycle],
  ['a BigInt', 1n],
  ['a nested BigInt', { a: [1n] }],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  [
    'an object whose toJSON() throws',
    {
      toJSON() {
        throw new Error('no')
      },
    },
  ],
])('data that cannot be written as JSON is refused: %s', (_what, data) => {
  const error = refusalOf({ data })
  expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
  expect(error.message).toContain('data cannot be written as JSON')
})

test('the error for refused data has the error of JSON.stringify() as its cause', () => {
  expect(refusalOf({ data: 1n }).cause).toBeInstanceOf(TypeError)
})

test.each(['Data', 'name', 'type', '__proto__x', 'evnt'])(
  'an unknown field is refused, and the error names it: %s',
  (key) => {
    const error = refusalOf({ data: 'x', [key]: 'y' })
    expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
    expect(error.message).toContain(JSON.stringify(key))
  },
)

test('an unknown field is refused even if its value is undefined', () => {
  expect(refusalOf({ data: 'x', evnt: undefined }).message).toContain('"evnt"')
})

test.each([{}, { data: undefined }, { event: undefined, id: undefined }])(
  'an event without any field is refused: %p',
  (event) => {
    expect(refusalOf(event).code).toBe('ERR_SSE_INVALID_EVENT')
  },
)

test.each([undefined, null, 0, 1, true, 1n, () => 'x', Symbol('s')])(
  'a value that is not an event is refused: %p',
  (event) => {
    expect(refusalOf(event).code).toBe('ERR_SSE_INVALID_EVENT')
  },
)

test('a long value is shortened in the error message', () => {
  expect(refusalOf({ id: `${'x'.repeat(100_000)}\n` }).message.length).toBeLessThan(300)
})

test('an SseError has a name, the statusCode of its code, and its cause', () => {
  const error = refusalOf({})
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('SseError')
  expect(error.statusCode).toBe(500)
  expect(new SseError('ERR_SSE_LIMIT', 'full').statusCode).toBe(503)
  expect(new SseError('ERR_SSE_BACKPLANE', 'down', { cause: 1 })).toMatchObject({ statusCode: 503, cause: 1 })
})

test.each([[['a']], [Buffer.from('a')], [new Uint16Array(1)]])(
  '%p is refused as an event, and the error suggests { data: … }',
  (value) => {
    const error = refusalOf(value)
    expect(error.code).toBe('ERR_SSE_INVALID_EVENT')
    expect(error.message).toContain('{ data: … }')
  },
)

test('an object with unknown fields is refused, and the error suggests { data: object }', () => {
  expect(refusalOf({ id: 'cmpl-1', object: 'chunk' }).message).toContain('unknown field "object"')
  expect(refusalOf({ id: 'cmpl-1', object: 'chunk' }).message).toContain('send an object as { data: object }')
})
