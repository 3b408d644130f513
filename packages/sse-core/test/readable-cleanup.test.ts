import { Readable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { merge, type PullSource, respond, type SseOptions, type SseSource } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

const mistakes: readonly (readonly [what: string, options: SseOptions])[] = [
  ['rewind', { rewind: -1 }],
  ['eol', { eol: '\n\n' as '\n' }],
  ['heartbeatMs', { heartbeatMs: -1 }],
  ['a header', { headers: { 'X-Room': '€' } }],
  ['a status', { status: 99 }],
  ['headers', { headers: new Headers({ 'X-Room': 'a' }) as unknown as Record<string, string> }],
  ['filter', { filter: 'news' as unknown as () => boolean }],
  ['heartbeat', { heartbeat: 'ping' as unknown as () => string }],
  ['onClose', { onClose: true as unknown as () => void }],
  ['lastEventId', { lastEventId: 5 as unknown as string }],
  ['key', { key: 5 as unknown as string }],
  ['signal', { signal: new AbortController() as unknown as AbortSignal }],
]

/** Streams a source to one client; resolves with the outcome of `respond()`. */
async function refused(source: SseSource, options: SseOptions, begin = false): Promise<unknown> {
  return new Promise((resolve) => {
    void serve((req, res) => {
      if (begin) res.write('mine')
      respond(req, res, source, options).then(resolve, resolve)
    }).then((server) => exchange(server, get()))
  })
}

test.each(mistakes)('respond() destroys its source Readable if an option is invalid: %s', async (_what, options) => {
  const readable = new Readable({ read() {} })
  expect(await refused(readable, options)).toMatchObject({ message: expect.stringMatching(/must be|Invalid/) })
  expect(readable.destroyed).toBe(true)
})

test('respond() destroys its source Readable if the response has already begun', async () => {
  const readable = new Readable({ read() {} })
  expect(await refused(readable, {}, true)).toMatchObject({ code: 'ERR_SSE_HEADERS_SENT' })
  expect(readable.destroyed).toBe(true)
})

test('respond() destroys all merged Readables if an option is invalid', async () => {
  const readables = [new Readable({ read() {} }), new Readable({ read() {} })] as const
  expect(await refused(merge(...readables), { rewind: -1 })).toBeInstanceOf(RangeError)
  expect(readables.map(({ destroyed }) => destroyed)).toEqual([true, true])
})

/** A stream like those of the `readable-stream` package: not Node's own, and `return()` of its iterator waits for a chunk. */
class OtherReadable implements AsyncIterable<string> {
  destroyed = false
  pipe(): void {}
  on(): this {
    return this
  }
  destroy(): this {
    this.destroyed = true
    return this
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    yield 'first'
    await new Promise(() => {})
  }
}

test("a Readable that is not Node's own is destroyed when its client disconnects", async () => {
  const other = new OtherReadable()
  const source: PullSource = other
  let over: Promise<string> | undefined
  const server = await serve((req, res) => {
    over = respond(req, res, source)
  })
  const { socket, until } = await exchange(server, get())
  await until(/first/)
  expect(other.destroyed).toBe(false)
  socket.destroy()
  expect(await over).toBe('client')
  await turn()
  expect(other.destroyed).toBe(true)
})
