import { once } from 'node:events'
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import {
  type Backplane,
  memoryBackplane,
  respond,
  type SourceFunction,
  SseChannel,
  type SseConnection,
  SseManager,
} from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { runInWorker } from './core-worker.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe('an error that no caller receives', () => {
  test('goes to onError, whose own error is an uncaught exception, and the channel continues', async () => {
    const result = await runInWorker(async ({ SseChannel: Channel }) => {
      const errors: string[] = []
      process.on('uncaughtException', (error) => errors.push(`uncaught ${error.message}`))
      const channel = new Channel('news', {
        onError: (error) => {
          errors.push(`onError ${error instanceof Error}`)
          throw new Error('onError')
        },
      })
      channel.on('subscribe', () => {
        throw new Error('listener')
      })
      const loop = channel[Symbol.asyncIterator]()
      const first = loop.next()
      await channel.broadcast('still delivered')
      const { value } = await first
      return [...errors, value?.data]
    })
    expect(result).toEqual(['onError true', 'uncaught onError', 'still delivered'])
  })

  test('is a process warning by default, for any thrown value', async () => {
    const warnings = await runInWorker(async ({ SseChannel: Channel }) => {
      const received: string[] = []
      const all = new Promise<void>((resolve) => {
        process.on('warning', ({ message }) => {
          if (received.push(message) === 4) resolve()
        })
      })
      const channel = new Channel('news')
      for (const thrown of [new Error('an error'), 'a text', undefined, Object.create(null)]) {
        channel.on('subscribe', () => {
          throw thrown
        })
      }
      void channel[Symbol.asyncIterator]().next()
      await all
      return received
    })
    expect(warnings).toEqual(['an error', expect.stringContaining('a text'), 'undefined', expect.any(String)])
  })
})

// Under a test runner, an Error is not one of Node's own, and emitWarning() would refuse it.
test('a process warning is emitted with a text, not with an Error', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const channel = new SseChannel('news')
  void channel.broadcast({ event: 'a\nb' })
  channel.on('subscribe', () => {
    throw Object.create(null)
  })
  collect(channel)
  await turn()
  await turn()
  expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([
    expect.any(String),
    expect.stringContaining('event must not contain'),
  ])
  emitWarning.mockRestore()
})

describe('a stream without an await of respond()', () => {
  test('is answered with 500 if its source fails before the headers, and onError gets the error', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const server = await serve((req, res) => {
      const source = async (): Promise<never> => {
        throw new Error('secret')
      }
      void respond(req, res, source, { manager })
    })
    const { until, text } = await exchange(server, get())
    await until(/\r\n\r\n/)
    expect(text()).toMatch(/^HTTP\/1.1 500 /)
    expect(text()).not.toContain('secret')
    expect(errors).toMatchObject([{ message: 'secret' }])
    await manager.close()
  })

  test('ends if its source fails after the headers, and onError gets the error once', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const server = await serve((req, res) => {
      const source = async function* (): AsyncGenerator<string> {
        yield 'fine'
        throw new Error('secret')
      }
      void respond(req, res, source(), { manager })
    })
    const { until, text, socket } = await exchange(server, get('/', 'Connection: close\r\n'))
    await until(/0\r\n\r\n$/)
    if (!socket.closed) await once(socket, 'close')
    await turn()
    expect(text()).toContain('data: fine\n\n')
    expect(text()).not.toContain('secret')
    expect(errors).toMatchObject([{ message: 'secret' }])
    await manager.close()
  })
})

test.each([
  ['what listen() returns', (): unknown => new SseChannel('news').listen(), 'ChannelListener'],
  ['undefined', (): unknown => undefined, 'undefined'],
])('subscribe() rejects with a TypeError for %s', async (_what, make, shown) => {
  const server = await serve((req, res) => {
    const source: SourceFunction = (connection) => connection.subscribe(make() as SseChannel)
    respond(req, res, source).catch((error: unknown) => res.writeHead(500).end(String(error)))
  })
  const client = await exchange(server, get())
  await client.until(/TypeError: subscribe takes a channel, and a filter as an option, not /)
  expect(client.text()).toContain(`not ${shown}`)
})

describe('a function that subscribes to a channel and resolves', () => {
  const news = new SseChannel('news')
  const message =
    'the stream ends with its function, which awaits no subscription: await subscribe(), or return the channel'
  const ended = new SseChannel('ended')
  const closed = new SseChannel('closed')
  const silent: Backplane = { ...memoryBackplane(), subscribe: () => new Promise(() => {}) }
  const cold = new SseChannel('cold', { backplane: silent })
  beforeAll(() => Promise.all([ended.end(), closed.close()]))

  test.each<[string, (connection: SseConnection) => unknown, object[]]>([
    [
      'is reported if nothing awaits subscribe()',
      async (connection) => {
        await connection.send('hello')
        void connection.subscribe(news)
      },
      [{ message }],
    ],
    [
      'is reported if it returns the promise of a send()',
      (connection) => {
        void connection.subscribe(news)
        return connection.send('hello')
      },
      [{ message }],
    ],
    [
      'is not reported if it awaits something else besides',
      async (connection) => {
        await Promise.race([connection.subscribe(news), undefined])
      },
      [],
    ],
    [
      'is not reported if it awaits another subscription',
      async (connection) => {
        void connection.subscribe(news)
        await connection.subscribe(ended)
      },
      [],
    ],
    [
      'is not reported if it does something else for longer',
      async (connection) => {
        void connection.subscribe(news)
        await turn()
        await turn()
      },
      [],
    ],
    [
      'is not reported if its subscription is over',
      async (connection) => {
        const controller = new AbortController()
        void connection.subscribe(news, { signal: controller.signal })
        controller.abort()
      },
      [],
    ],
    [
      'is not reported besides the error of a subscription that failed',
      async (connection) => {
        await connection.send('hello')
        void connection.subscribe(closed)
      },
      [{ code: 'ERR_SSE_CLOSED' }],
    ],
    [
      'is not reported if it closes the connection itself',
      async (connection) => {
        void connection.subscribe(cold)
        await connection.send('hello')
        connection.close()
      },
      [],
    ],
  ])('%s', async (_what, source, expected) => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const server = await serve((req, res) => {
      void respond(req, res, source as SourceFunction, { manager })
    })
    const { until: received } = await exchange(server, get('/', 'Connection: close\r\n'))
    await received(/0\r\n\r\n$/)
    // An error of a promise that nobody handles is reported after a turn.
    await turn()
    expect(errors).toMatchObject(expected)
    expect(errors).toHaveLength(expected.length)
    expect(news.subscriberCount).toBe(0)
  })
})

test("a 'subscribe' listener that throws stops neither the other listeners nor the subscriber", async () => {
  const errors: unknown[] = []
  const channel = new SseChannel('news', { onError: (error) => errors.push(error) })
  let calls = 0
  channel.on('subscribe', () => {
    throw new Error('first')
  })
  channel.on('subscribe', () => {
    calls += 1
  })
  const received = collect(channel)
  await channel.broadcast('1')
  await turn()
  expect(received.data).toEqual(['1'])
  expect(calls).toBe(1)
  expect(errors).toMatchObject([{ message: 'first' }])
})

test('each stream of a channel reports its error to its own onFailure, or else rejects respond()', async () => {
  const reports: string[] = []
  const channel = new SseChannel('news')
  const manager = new SseManager({ onError: () => {} })
  const filter = (): never => {
    throw new Error('not today')
  }
  const onFailures = [undefined, () => reports.push('one'), () => reports.push('other'), undefined]
  const server = await serve((req, res) => {
    const onFailure = onFailures[Number(req.url?.slice(1))]
    respond(req, res, channel, { manager, filter, onFailure }).then(
      () => {},
      () => reports.push('awaited'),
    )
  })
  for (let i = 0; i < onFailures.length; i++) {
    const client = await exchange(server, get(`/${i}`))
    await client.until(/sse-checkpoint/)
    await channel.broadcast('news')
    await client.until(/0\r\n\r\n$/)
    await until(() => reports.length > i, 'the report of the error')
  }
  expect(reports).toEqual(['awaited', 'one', 'other', 'awaited'])
})
