import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type CloseReason, createResponse, SseManager, type SseOptions } from '@ssekit/sse-core'
import { readEvents } from '@ssekit/sse-testkit'
import { isPending, turn } from './collecting.js'
import { until } from './until.js'

const URL_OF_STREAM = 'http://localhost/events?from=here'

function get(init: RequestInit = {}): Request {
  return new Request(URL_OF_STREAM, init)
}

/** The options of a stream, and the reason for which it ended. */
class Ending {
  reason: CloseReason | undefined
  readonly options: SseOptions = {
    onClose: (reason) => {
      this.reason = reason
    },
  }

  async becomes(reason: CloseReason): Promise<void> {
    await until(() => this.reason !== undefined, 'the end of the stream')
    expect(this.reason).toBe(reason)
  }
}

/** An iterable that counts what it was asked for, and notes whether it was released. */
class Counter implements AsyncIterable<string> {
  pulled = 0
  isReleased = false

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        this.pulled += 1
        yield 'x'.repeat(1024)
      }
    } finally {
      this.isReleased = true
    }
  }
}

/** An iterable that notes how it is used. */
class Released implements AsyncIterable<string> {
  readonly calls: string[] = [];

  [Symbol.asyncIterator](): AsyncIterator<string> {
    const note = async (call: string): Promise<IteratorReturnResult<undefined>> => {
      this.calls.push(call)
      return { done: true, value: undefined }
    }
    return { next: () => note('next'), return: () => note('return') }
  }
}

/** Enough turns of the event loop for an eager source to show. */
async function someTurns(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn()
}

describe('the response', () => {
  test('has the headers of an event stream, those of the options, and the status', async () => {
    const headers = {
      'Content-Type': 'text/plain',
      'X-Count': 7,
      'X-Many': ['a', 'b'],
      'X-None': undefined,
      'Cache-Control': 'no-store',
    }
    const response = await createResponse(get(), ['one'], {
      headers: { ...headers, 'Set-Cookie': ['a=1', 'b=2'] },
      status: 201,
    })
    expect(response.status).toBe(201)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-count': '7',
      'x-many': 'a, b',
      'set-cookie': expect.any(String),
    })
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.text()).toBe('retry: 2000\n\ndata: one\n\n')
  })

  test('to HEAD has the same headers and no body, and its source is released', async () => {
    const source = new Released()
    const response = await createResponse(get({ method: 'HEAD' }), source)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.body).toBeNull()
    expect(source.calls).toEqual(['return'])
  })

  test('to HEAD has no body if the client is refused', async () => {
    const manager = new SseManager({ maxConnections: 0 })
    expect((await createResponse(get({ method: 'HEAD' }), ['one'], { manager })).body).toBeNull()
  })

  test.each([204, 205])('with status %p has no body', async (status) => {
    const response = await createResponse(get(), ['one'], { status })
    expect([response.status, response.body]).toEqual([status, null])
  })

  test('to a client beyond maxConnections tells it when to retry', async () => {
    const manager = new SseManager({ maxConnections: 0 })
    const response = await createResponse(get(), ['one'], { manager })
    expect(await response.text()).toMatch(/^retry: \d+\n\n$/)
    expect(manager.stats()).toMatchObject({ connections: 0, closed: { limit: 1 } })
  })

  test('can be cloned, and both copies get everything', async () => {
    const response = await createResponse(get(), ['one', 'two'])
    const copy = response.clone()
    const text = 'retry: 2000\n\ndata: one\n\ndata: two\n\n'
    expect(await Promise.all([response.text(), copy.text()])).toEqual([text, text])
  })
})

describe('the request', () => {
  test('gives a function its method, its path with the query, its headers and its last event id', async () => {
    const seen: unknown[] = []
    const request = get({ headers: { 'Last-Event-ID': Buffer.from('ä7').toString('latin1'), 'X-User': 'ann' } })
    const response = await createResponse(request, ({ req, lastEventId }) => {
      seen.push(req.method, req.url, req.headers['x-user'], lastEventId)
    })
    await response.text()
    expect(seen).toEqual(['GET', '/events?from=here', 'ann', 'ä7'])
  })

  test('is read to its end for a channel, since an unread body would hide a disconnect', async () => {
    const request = get({ method: 'POST', body: 'unread' })
    const reader = await readEvents(await createResponse(request, new SseManager().getOrCreate('news')))
    await until(() => request.bodyUsed, 'the body to be read')
    reader.abort()
  })

  test('is left to any other source, which may read it after the response headers', async () => {
    const request = get({ method: 'POST', body: 'question' })
    async function* answer(): AsyncGenerator<string> {
      await turn()
      await turn()
      yield `answer to ${await request.text()}`
    }
    const response = await createResponse(request, answer())
    expect(await response.text()).toContain('data: answer to question\n\n')
  })

  test.each([
    ['missing', undefined],
    ["Hono's c.req", { url: URL_OF_STREAM, method: 'GET', header: () => undefined }],
  ])('that is no Request (%s) is refused with advice, and the source is released', async (_what, request) => {
    const source = new Released()
    const response: unknown = Reflect.apply(createResponse, undefined, [request, source])
    await expect(response).rejects.toThrow('request must be a Request of the Fetch API (in Hono: c.req.raw)')
    expect(source.calls).toEqual(['return'])
  })
})

describe('the body', () => {
  test('takes from its source no faster than it is read', async () => {
    const source = new Counter()
    const response = await createResponse(get(), source)
    const reader = response.body?.getReader()
    await someTurns()
    expect(source.pulled).toBeLessThan(3)
    await reader?.read()
    await reader?.read()
    await someTurns()
    // As much as is written at once.
    const { pulled } = source
    expect(pulled).toBeLessThan(100)
    await someTurns()
    expect(source.pulled).toBe(pulled)
    await reader?.cancel()
  })

  test('that nobody reads ends its stream as slow after writeTimeoutMs, with an error', async () => {
    const manager = new SseManager({ writeTimeoutMs: 10, maxConnections: 1 })
    const channel = manager.getOrCreate('news')
    const ending = new Ending()
    const response = await createResponse(get(), channel, ending.options)
    await ending.becomes('slow')
    await expect(response.text()).rejects.toThrow('the stream was broken off')
    expect(channel.subscriberCount).toBe(0)
    expect(manager.stats().connections).toBe(0)
  })

  test('has bytes of its own, which its reader may change', async () => {
    const channel = new SseManager().getOrCreate('news')
    const create = (): Promise<Response> => createResponse(get(), channel, { checkpoints: false })
    const bodies = [await create(), await create()]
    const [first, second] = bodies.map(({ body }) => body?.getReader())
    await Promise.all([first?.read(), second?.read()])
    const reads = [first?.read(), second?.read()]
    await channel.broadcast('hello')
    const [taken, other] = await Promise.all(reads)
    taken?.value?.fill(0)
    expect(taken?.value?.byteLength).toBe(taken?.value?.buffer.byteLength)
    expect(Buffer.from(other?.value ?? []).toString()).toContain('data: hello\n\n')
    await Promise.all([first?.cancel(), second?.cancel()])
  })
})

describe('a client that disconnects', () => {
  const ways: readonly (readonly [what: string, leave: (body: ReadableStream, client: AbortController) => unknown])[] =
    [
      ['whose body is cancelled', (body) => body.cancel()],
      ['whose request is aborted', (_body, client) => client.abort()],
    ]
  test.each(ways)('%s ends its stream, and leaves no listener', async (_what, leave) => {
    const client = new AbortController()
    const source = new Counter()
    const ending = new Ending()
    const request = get({ signal: client.signal })
    const response = await createResponse(request, source, ending.options)
    await leave(response.body as ReadableStream, client)
    await ending.becomes('client')
    await until(() => source.isReleased, 'the release of the source')
    expect(getEventListeners(request.signal, 'abort')).toEqual([])
  })

  test('before the response headers gets an empty 499, and its source is released', async () => {
    const client = new AbortController()
    const ending = new Ending()
    let isAborted = false
    const response = createResponse(
      get({ signal: client.signal }),
      async ({ signal }) => {
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve())
        })
        isAborted = signal.aborted
      },
      ending.options,
    )
    client.abort()
    expect([(await response).status, (await response).body]).toEqual([499, null])
    await ending.becomes('client')
    await until(() => isAborted, 'the source')
  })

  test('before the call of createResponse() gets an empty 499 too', async () => {
    const source = new Counter()
    const ending = new Ending()
    const response = await createResponse(get({ signal: AbortSignal.abort() }), source, ending.options)
    expect(response.status).toBe(499)
    await ending.becomes('client')
    expect(source.pulled).toBe(0)
  })
})

describe('an error', () => {
  afterEach(() => {
    jest.restoreAllMocks()
  })

  test('before the response headers rejects, and leaves nothing behind', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const error = new Error('no such job')
    const request = get()
    await expect(createResponse(request, () => Promise.reject(error), { manager })).rejects.toBe(error)
    expect(manager.stats()).toMatchObject({ connections: 0, closed: { error: 1 } })
    expect(errors).toEqual([])
    await turn()
    expect(getEventListeners(request.signal, 'abort')).toEqual([])
  })

  test.each([
    ['a source', [5]],
    ['an option', [['one'], { retryMs: -1 }]],
    ['options that are null', [['one'], null]],
    ['options that are a number', [['one'], 5]],
    ['a header', [['one'], { headers: { 'X-Bad': 'a\nb' } }]],
  ])('in %s rejects', async (_what, args) => {
    await expect(Reflect.apply(createResponse, undefined, [get(), ...args])).rejects.toThrow(
      /must be|source is|Invalid/,
    )
  })

  async function* failing(): AsyncGenerator<string> {
    yield 'one'
    throw new Error('the disk is full')
  }

  test('after the response headers goes to onError alone, once, and ends the body', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning')
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const response = await createResponse(get(), failing(), { manager })
    expect(await response.text()).toBe('retry: 2000\n\ndata: one\n\n')
    await until(() => errors.length > 0, 'the error')
    await someTurns()
    expect(errors).toEqual([new Error('the disk is full')])
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('after the response headers is a process warning if there is no onError', async () => {
    // Under a test runner, an Error is not one of Node's own, and emitWarning() would refuse it.
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await (await createResponse(get(), failing())).text()
    await until(() => emitWarning.mock.calls.length > 0, 'the warning')
    await someTurns()
    expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('the disk is full')])
  })
})

describe('manager.close()', () => {
  test('sends the last event, and resolves when the body is read', async () => {
    const manager = new SseManager()
    const reader = await readEvents(await createResponse(get(), manager.getOrCreate('news')))
    await manager.close({ event: 'bye', retryMs: 5_000 })
    expect(await reader.end()).toBe('complete')
    expect(reader.events.at(-1)?.data).toBe('bye')
    expect(reader.retries.at(-1)).toBe(5_000)
  })

  test('resolves only when the server asks for more after the last event, and so has sent it', async () => {
    const manager = new SseManager()
    const response = await createResponse(get(), manager.getOrCreate('news'))
    const reader = response.body?.getReader()
    await reader?.read()
    const closed = manager.close({ event: 'bye' })
    const { value } = (await reader?.read()) ?? {}
    expect(Buffer.from(value ?? []).toString()).toContain('data: bye\n\n')
    expect(await isPending(closed)).toBe(true)
    expect(await reader?.read()).toMatchObject({ done: true })
    await closed
  })

  test('breaks off a body that nobody reads within graceMs', async () => {
    const manager = new SseManager()
    const ending = new Ending()
    const response = await createResponse(get(), manager.getOrCreate('news'), ending.options)
    await manager.close({ event: 'bye', graceMs: 10 })
    expect(ending.reason).toBe('shutdown')
    await expect(response.text()).rejects.toThrow('the stream was broken off')
  })
})
