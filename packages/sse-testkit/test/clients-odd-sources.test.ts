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

/** A thenable is written like this, so that nobody takes it for a mistake. */
function thenable(then: (resolve: (value: unknown) => void) => void): object {
  return Object.defineProperty({}, 'then', { value: then })
}

const refused: Record<string, () => unknown> = {
  'whose iterator cannot be made': () => ({ [Symbol.asyncIterator]: fail }),
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
  'that is a proxy of nothing any more': () => {
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
test.each(Object.entries(refused))(
  'before the head it is the framework that answers a source %s',
  async (_, source) => {
    serving = await serveSource(source, { manager })
    expect((await RawClient.read(serving.url)).status).toBe(500)
    expect(await serving.outcome).toMatchObject({ error: { message: expect.any(String) } })
    expect(errors).toEqual([])
  },
)

test.each([undefined, null, 0, '', 'text', Symbol('odd'), Object.create(null), ['an', 'array']])(
  'a source may throw anything, such as %p: the stream ends, and the error is told as it is',
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

describe('what a source yields', () => {
  test('is in another realm what it is in this one', async () => {
    const values: unknown = runInNewContext(
      '[{ event: "order", data: { total: 1 } }, new Uint8Array([104, 105]), new Date(0), new Map(), "text"]',
    )
    serving = await serveSource(() => values, { manager })
    const client = await RawClient.read(serving.url)
    expect(client.data).toEqual(['{"total":1}', 'hi', '"1970-01-01T00:00:00.000Z"', '{}', 'text'])
    expect(client.text).toContain('event: order\n')
  })

  test('is awaited, where the iterable is a synchronous one', async () => {
    serving = await serveSource(() => [Promise.resolve(1), Promise.resolve({ data: 'two' }), 3], { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['1', 'two', '3'])
  })

  test('may be promised by a thenable', async () => {
    let asked = 0
    const next = () =>
      thenable((resolve) => {
        asked += 1
        resolve({ done: asked > 2, value: asked })
      })
    serving = await serveSource(() => ({ [Symbol.asyncIterator]: () => ({ next }) }), { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['1', '2'])
  })

  test('may come through proxies', async () => {
    serving = await serveSource(() => new Proxy([new Proxy({ event: 'order', data: 1 }, {})], {}), { manager })
    expect((await RawClient.read(serving.url)).text).toContain('event: order\ndata: 1\n\n')
  })

  test('ends the stream if it cannot be written, and what came before it stands', async () => {
    serving = await serveSource(() => ['first', { event: 'a\nb' }, 'third'], { manager })
    expect((await RawClient.read(serving.url)).data).toEqual(['first'])
    expect(await serving.outcome).toMatchObject({ error: { code: 'ERR_SSE_INVALID_EVENT' } })
    expect(errors).toHaveLength(1)
  })
})
