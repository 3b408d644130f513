import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type SseEvent, SseManager, sse } from '@ssekit/koa-sse'
import { faults } from '@ssekit/sse-testkit'
import Koa from 'koa'
import { fakeTimeouts } from './fake-time.js'
import { hurry } from './hurry.js'
import { connect, serve, until } from './serving.js'

hurry()
const { dataProducer } = await import('../src/starlette/memory-channel.js')
const { app, manager, streams } = await import('../src/starlette/options.js')

const LARGE = 'x'.repeat(512 * 1024)

describe('the options of a response', () => {
  afterEach(() => {
    jest.useRealTimers()
  })

  test('set line endings and headers, but do not change Content-Type and X-Accel-Buffering', async () => {
    const reader = await connect(app, '/')
    await reader.take(1)
    expect(reader.text).toBe('retry: 2000\r\n\r\nevent: first\r\ndata: two\r\ndata: lines\r\n\r\n')
    expect(reader.headers.get('cache-control')).toBe('no-cache')
    expect(reader.headers.get('x-feed')).toBe('prices')
    expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(reader.headers.get('x-accel-buffering')).toBe('no')
  })

  test('disconnect a client that has not read for thirty seconds', async () => {
    fakeTimeouts()
    const frozen = await faults.stall(await serve(app))
    const stream = streams.at(-1)
    // Writes until one write is blocked, which starts the write timeout.
    const isWaiting = (): boolean => jest.getTimerCount() > 0
    for (let i = 0; i < 64 && !isWaiting(); i++) {
      stream?.addData(LARGE)
      await until(() => stream?.isEmpty === true || isWaiting())
    }
    expect(isWaiting()).toBe(true)
    jest.advanceTimersByTime(29_000)
    expect(manager.stats().closed.slow).toBeUndefined()
    jest.advanceTimersByTime(1_000)
    expect(manager.stats().closed.slow).toBe(1)
    frozen.destroy()
  })
})

test('a producer that writes to a bounded stream waits for the client, and stops when it disconnects', async () => {
  let produced = 0
  let isStopped = false
  function* largeEvents(): Generator<SseEvent> {
    for (; produced < 500; produced++) yield { data: LARGE }
  }
  const errors: unknown[] = []
  const slow = new Koa()
  slow.on('error', (error) => errors.push(error))
  slow.use(sse()).use((ctx) => {
    const { readable, writable } = new TransformStream<SseEvent>({}, new CountQueuingStrategy({ highWaterMark: 10 }))
    void dataProducer(writable, largeEvents()).then(() => {
      isStopped = true
    })
    return ctx.sse(readable)
  })
  const client = await faults.stall(await serve(slow))
  let before = -1
  // Until nothing more was produced a hundred times in a row.
  for (let quiet = 0; quiet < 100; quiet = produced === before ? quiet + 1 : 0) {
    before = produced
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(produced).toBeLessThan(100)
  client.destroy()
  await until(() => isStopped)
  expect(produced).toBeLessThan(100)
  // A client that disconnects is not an error.
  expect(errors).toEqual([])
})

test('a producer that fails ends its stream, and the framework gets the error', async () => {
  function* failing(): Generator<SseEvent> {
    yield { data: 'first' }
    throw new Error('the database is gone')
  }
  const errors: unknown[] = []
  const failed = new Koa()
  failed.on('error', (error) => errors.push(error))
  failed.use(sse({ manager: new SseManager({ onError: () => {} }) })).use((ctx) => {
    const { readable, writable } = new TransformStream<SseEvent>({}, new CountQueuingStrategy({ highWaterMark: 10 }))
    void dataProducer(writable, failing())
    return ctx.sse(readable)
  })
  const reader = await connect(failed, '/')
  await reader.end()
  expect(reader.events.map(({ data }) => data)).toEqual(['first'])
  await until(() => errors.length > 0)
  expect(errors).toEqual([new Error('the database is gone')])
})
