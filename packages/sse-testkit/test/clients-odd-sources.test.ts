import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SseManager, SseStream } from '@ssekit/sse-core'
import { type Serving, serveSource } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

// Jest fails a test in which a rejection stays unhandled or an exception uncaught, so each of these says that too.

let manager: SseManager
let errors: unknown[]
let serving: Serving
beforeEach(() => {
  errors = []
  manager = new SseManager({ onError: (error) => errors.push(error) })
})
afterEach(async () => {
  await serving.close()
  expect(manager.stats().connections).toBe(0)
})

function fail(): never {
  throw new Error('of the source')
}

/** Defines `then` explicitly, so that linters do not take it for a mistake. */
function thenable(then: (resolve: (value: unknown) => void) => void): object {
  return Object.defineProperty({}, 'then', { value: then })
}

const refused: Record<string, () => unknown> = {
  'whose iterator cannot be created': () => ({ [Symbol.asyncIterator]: fail }),
  'whose iterator is undefined': () => ({ [Symbol.asyncIterator]: () => undefined }),
  'whose next() throws': () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
  'whose next() returns nothing': () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
  'whose next() returns a thenable that throws': () => ({
    [Symbol.asyncIterator]: () => ({ next: () => thenable(fail) }),
  }),
  'that is a promise': () => Promise.resolve(['a']),
  'that is a string': () => 'text',
  'that is undefined': () => undefined,
  'that is an event': () => ({ data: 'text' }),
  'that is a proxy of a channel': () => new Proxy(manager.getOrCreate('a'), {}),
  'that is a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  'that is a used stream': () => {
    const stream = new SseStream()
    stream[Symbol.asyncIterator]()
    return stream
  },
  'that is a locked ReadableStream': () => {
    const stream = new ReadableStream()
    stream.getReader()
    return stream
  },
  'that is a function which throws': () => fail,
  'that is a function which returns no source': () => () => thenable((resolve) => resolve('text')),
  'that is a Readable which fails': () =>
    new Readable({
      read() {
        this.destroy(new Error('of the source'))
      },
    }),
}
test.each(Object.entries(refused))('a source %s is answered by the framework with 500', async (_, source) => {
  serving = await serveSource(source, { manager })
  expect((await RawClient.read(serving.url)).status).toBe(500)
  expect(await serving.outcome).toMatchObject({ error: { message: expect.any(String) } })
  expect(errors).toEqual([])
})

test.each([undefined, null, 0, '', 'text', Symbol('odd'), Object.create(null), ['an', 'array']])(
  'a source that throws %p ends the stream, and that value is reported unchanged',
  async (thrown) => {
    serving = await serveSource(
      async function* () {
        yield 'first'
        throw thrown
      },
      { manager },
    )
    const client = await RawClient.read(serving.url)
    expect(client.data).toEqual(['first'])
    expect(await serving.outcome).toEqual({ error: thrown })
    expect(errors).toEqual([thrown])
  },
)

describe('a value that a source yields', () => {
  test('is treated the same if it comes from another realm', async () => {
    const values: unknown = runInNewContext(
      '[{ event: "order", data: { total: 1 } }, new Uint8Array([104, 105]), new Date(0), new Map(), "text"]',
    )
    serving = await serveSource(() => values, { manager })
    const client = await RawClient.read(serving.url)
    expect(client.data).toEqual(['{"total":1}', 'hi', '"1970-01-01T00:00:00.000Z"', '{}', 'text'])
    expect(client.text).toContain('event: order\n')
  })

  test('is awaited if a synchronous iterable yields a promise', async () => {
    serving = await serveSource(() => [Promise.resolve(1), Promise.resolve({ data: 'two' }), 3], { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['1', 'two', '3'])
  })

  test('can come from a thenable that next() returns', async () => {
    let asked = 0
    const next = () =>
      thenable((resolve) => {
        asked += 1
        resolve({ done: asked > 2, value: asked })
      })
    serving = await serveSource(() => ({ [Symbol.asyncIterator]: () => ({ next }) }), { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['1', '2'])
  })

  test('can be a proxy', async () => {
    serving = await serveSource(() => new Proxy([new Proxy({ event: 'order', data: 1 }, {})], {}), { manager })
    expect((await RawClient.read(serving.url)).text).toContain('event: order\ndata: 1\n\n')
  })

  test('ends the stream if it is an invalid event, after the events before it were sent', async () => {
    serving = await serveSource(() => ['first', { event: 'a\nb' }, 'third'], { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['first'])
    expect(await serving.outcome).toMatchObject({ error: { code: 'ERR_SSE_INVALID_EVENT' } })
    expect(errors).toHaveLength(1)
  })
})
