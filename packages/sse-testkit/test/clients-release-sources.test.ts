import { once } from 'node:events'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type ManagerOptions, merge, SseManager, type SseOptions, SseStream } from '@ssekit/sse-core'
import { type Serving, serveSource } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

// Jest fails a test in which a rejection stays unhandled or an exception uncaught, so each of these says that too.
const never = new Promise<never>(() => {})

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

function waiting(rest: object = {}): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => never, ...rest }) }
}

const sources: Record<string, () => unknown> = {
  'an iterator whose next() never settles': () => waiting(),
  'an iterator whose return() never settles': () => waiting({ return: () => never }),
  'a generator that waits': async function* () {
    yield await never
  },
  'a Readable that waits': () => new Readable({ read() {} }),
  'a ReadableStream that waits': () => new ReadableStream(),
  'a ReadableStream that is never cancelled': () => new ReadableStream({ cancel: () => never }),
  'a function that waits': () => () => never,
  'an SseStream that is never ended': () => new SseStream(),
  'a merge of such sources': () => merge(waiting(), waiting({ return: () => never }), new Readable({ read() {} })),
}
test.each(Object.entries(sources))('a client that disconnects from %s is released at once', async (_name, source) => {
  serving = await serveSource(source, { manager })
  const client = new RawClient(serving.url)
  await serving.asked
  await client.leave()
  expect(await serving.outcome).toBe('client')
  expect(manager.stats().connections).toBe(0)
  expect(errors).toEqual([])
})

test.each([
  [
    'throws',
    () => {
      throw new Error('of return()')
    },
  ],
  ['rejects', () => Promise.reject(new Error('of return()'))],
])('a return() that %s after a disconnect is reported to onError and has no other effect', async (_name, fail) => {
  serving = await serveSource(() => waiting({ return: fail }), { manager })
  const client = new RawClient(serving.url)
  await client.opened()
  await client.leave()
  expect(await serving.outcome).toBe('client')
  expect(errors).toMatchObject([{ message: 'of return()' }])
})

test('a destroy() that throws after a disconnect is reported to onError and has no other effect', async () => {
  const destroy = (): never => {
    throw new Error('of destroy()')
  }
  serving = await serveSource(() => Object.assign(new Readable({ read() {} }), { destroy }), { manager })
  const client = new RawClient(serving.url)
  await client.opened()
  await client.leave()
  expect(await serving.outcome).toBe('client')
  expect(errors).toMatchObject([{ message: 'of destroy()' }])
})

test('an iterator without return() is not read any further after a disconnect', async () => {
  let asked = 0
  const next = async () => {
    asked += 1
    return asked === 1 ? { done: false, value: 'one' } : never
  }
  serving = await serveSource(() => ({ [Symbol.asyncIterator]: () => ({ next }) }), { manager })
  const client = new RawClient(serving.url)
  await client.until(() => client.data.length === 1)
  await client.leave()
  expect(await serving.outcome).toBe('client')
  expect(asked).toBe(2)
})

describe('a Readable that is not needed is destroyed', () => {
  const cases: Record<string, { options?: SseOptions; limits?: ManagerOptions }> = {
    'if the signal is already aborted': { options: { signal: AbortSignal.abort() } },
    'if maxConnections is reached': { limits: { maxConnections: 0 } },
  }
  test.each(Object.entries(cases))('%s', async (_name, { options, limits }) => {
    if (limits !== undefined) manager = new SseManager(limits)
    const file = new Readable({ read() {} })
    serving = await serveSource(() => file, { manager, ...options })
    expect((await RawClient.read(serving.url)).text).toMatch(/^retry: \d+\n\n$/)
    expect(file.destroyed).toBe(true)
  })

  test('if the client disconnects before the function resolves to it', async () => {
    const file = new Readable({ read() {} })
    let comeUp: (file: Readable) => void = () => {}
    const promise = new Promise<Readable>((resolve) => {
      comeUp = resolve
    })
    serving = await serveSource(() => () => promise, { manager })
    const client = new RawClient(serving.url)
    await serving.asked
    await client.leave()
    expect(await serving.outcome).toBe('client')
    comeUp(file)
    await once(file, 'close')
  })

  test('if a source merged with it cannot be read', async () => {
    const file = new Readable({ read() {} })
    const closed = manager.getOrCreate('closed')
    await closed.close()
    serving = await serveSource(() => merge(closed, file), { manager })
    expect((await RawClient.read(serving.url)).status).toBe(500)
    expect(await serving.outcome).toMatchObject({ error: { code: 'ERR_SSE_CLOSED' } })
    expect(file.destroyed).toBe(true)
  })
})
