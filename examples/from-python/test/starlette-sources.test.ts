import { describe, expect, test } from '@jest/globals'
import { sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { hurry } from './hurry.js'
import { connect, serve, until } from './serving.js'

hurry()
const { app: basic } = await import('../src/starlette/basic.js')
const { app: events } = await import('../src/starlette/events.js')
const { app: disconnecting, log } = await import('../src/starlette/disconnect.js')
const { app: monitored, log: monitor } = await import('../src/starlette/monitored.js')
const { app: users, database } = await import('../src/starlette/database.js')
const { app: memory } = await import('../src/starlette/memory-channel.js')
const { app: errors, reported } = await import('../src/starlette/errors.js')

describe('a generator', () => {
  test('is streamed event by event, and its end ends the response', async () => {
    const reader = await connect(basic, '/events')
    expect(await reader.end()).toBe('complete')
    expect(reader.events.map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => `Event ${i}`))
  })

  test('may yield events with data of any kind, a type and an id', async () => {
    const reader = await connect(events, '/updates')
    await reader.end()
    expect(reader.events).toEqual([
      { event: 'update', id: '1', data: '{"id":1,"name":"first"}' },
      { event: 'update', id: '2', data: '{"id":2,"name":"second"}' },
    ])
  })

  test('can be replaced by an array of events, also with JSON data', async () => {
    const reader = await connect(events, '/events')
    await reader.end()
    expect(reader.events).toEqual([
      { event: 'notification', id: 'msg-123', data: 'Custom message' },
      { event: 'update', id: undefined, data: '{"field":"value"}' },
    ])
    expect(reader.retries).toEqual([2_000, 5_000])
  })
})

describe('when the client disconnects', () => {
  test('the generator ends at once and cleans up once', async () => {
    const reader = await connect(disconnecting, '/events')
    expect(reader.headers.get('cache-control')).toBe('no-cache')
    await reader.take(2)
    reader.abort()
    await until(() => log.length > 0)
    const again = await connect(disconnecting, '/events')
    await again.take(1)
    expect(log).toEqual(['cleaned up'])
  })

  test('return() of an iterator that is waiting is called at once', async () => {
    let returns = 0
    const waiting: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          returns += 1
          return { done: true, value: undefined }
        },
      }),
    }
    const reader = await connect(
      new Koa().use(sse()).use((ctx) => ctx.sse(waiting)),
      '/',
    )
    reader.abort()
    await until(() => returns > 0)
    expect(returns).toBe(1)
  })

  test('the stream reports how much it has sent, and the code after it runs', async () => {
    const reader = await connect(monitored, '/')
    await reader.take(3)
    reader.abort()
    await until(() => monitor.length === 2)
    const [first, second] = monitor
    const [, sent] = /^client after (\d+) events and \d+ bytes$/.exec(first ?? '') ?? []
    expect(Number(sent)).toBeGreaterThanOrEqual(3)
    expect(second).toBe('the client left')
  })

  test('a database session that the generator has opened is closed once', async () => {
    const closedBefore = database.closeCalls
    const reader = await connect(users, '/users')
    await reader.take(1)
    expect(database.openSessions).toBe(1)
    reader.abort()
    await until(() => database.openSessions === 0)
    expect(database.closeCalls).toBe(closedBefore + 1)
  })

  test('or has read all rows, the database session is closed once', async () => {
    const closedBefore = database.closeCalls
    const reader = await connect(users, '/users')
    await reader.end()
    expect(reader.events.map(({ data, id }) => [id, data])).toEqual([
      ['1', 'Ada'],
      ['2', 'Grace'],
      ['3', 'Katherine'],
    ])
    expect(database.openSessions).toBe(0)
    expect(database.closeCalls).toBe(closedBefore + 1)
  })
})

describe('a separate producer', () => {
  test.each(['/memory', '/send'])('of %s writes the events that the client gets', async (path) => {
    const reader = await connect(memory, path)
    expect(await reader.end()).toBe('complete')
    expect(reader.events.map(({ data }) => data)).toEqual(Array.from({ length: 10 }, (_, i) => `Item ${i}`))
  })
})

describe('an error of a source', () => {
  test('before its first event is answered by the framework', async () => {
    const response = await fetch(`${await serve(errors)}/at-once`)
    expect(response.status).toBe(404)
    expect(await response.text()).toBe('no such feed')
  })

  test('after the response headers ends the stream and is reported to the server only', async () => {
    reported.length = 0
    const reader = await connect(errors, '/later')
    await reader.end()
    expect(reader.events.map(({ data }) => data)).toEqual(['first'])
    expect(reader.text).not.toContain('1234')
    await until(() => reported.length === 2)
    const message = 'Error: the database password is 1234'
    expect(reported).toEqual([`onError: ${message}`, `app: ${message}`])
  })
})
