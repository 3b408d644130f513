import { once } from 'node:events'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { respond, SseChannel, SseManager } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { runInWorker } from './sources-in-worker.js'
import { until } from './until.js'

afterEach(hangUp)

describe('an error that reaches nobody else', () => {
  test('goes to onError, whose own error is an uncaught exception and disturbs nothing', async () => {
    const told = await runInWorker(async ({ SseChannel: Channel }) => {
      const errors: string[] = []
      process.on('uncaughtException', (error) => errors.push(`uncaught ${error.message}`))
      const channel = new Channel('news', {
        onError: (error) => {
          errors.push(`told ${error instanceof Error}`)
          throw new Error('onError')
        },
      })
      channel.on('subscribe', () => {
        throw new Error('listener')
      })
      const loop = channel[Symbol.asyncIterator]()
      const first = loop.next()
      await channel.broadcast('goes on')
      const { value } = await first
      return [...errors, value?.data]
    })
    expect(told).toEqual(['told true', 'uncaught onError', 'goes on'])
  })

  test('is a warning of the process by default, whatever was thrown', async () => {
    const warnings = await runInWorker(async ({ SseChannel: Channel }) => {
      const heard: string[] = []
      const all = new Promise<void>((resolve) => {
        process.on('warning', ({ message }) => {
          if (heard.push(message) === 4) resolve()
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
      return heard
    })
    expect(warnings).toEqual(['an error', expect.stringContaining('a text'), 'undefined', expect.any(String)])
  })
})

test('a warning is in words, so that it is one under a test runner too, whose errors are none to Node', async () => {
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

describe('a response that nobody awaits', () => {
  test('is answered with 500 when its source fails before the head, and onError hears why', async () => {
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

  test('ends when its source fails after the head, and onError hears why, once', async () => {
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

test('a subscriber that joins while another is told goes on, whatever listeners throw', async () => {
  const errors: unknown[] = []
  const channel = new SseChannel('news', { onError: (error) => errors.push(error) })
  let told = 0
  channel.on('subscribe', () => {
    throw new Error('first')
  })
  channel.on('subscribe', () => {
    told += 1
  })
  const heard = collect(channel)
  await channel.broadcast('1')
  await turn()
  expect(heard.data).toEqual(['1'])
  expect(told).toBe(1)
  expect(errors).toMatchObject([{ message: 'first' }])
})

test('streams of one channel tell of their errors whom each of them names', async () => {
  const told: string[] = []
  const channel = new SseChannel('news')
  const manager = new SseManager({ onError: () => {} })
  const filter = (): never => {
    throw new Error('not today')
  }
  const onFailures = [undefined, () => told.push('one'), () => told.push('other'), undefined]
  const server = await serve((req, res) => {
    const onFailure = onFailures[Number(req.url?.slice(1))]
    respond(req, res, channel, { manager, filter, onFailure }).then(
      () => {},
      () => told.push('awaited'),
    )
  })
  for (let i = 0; i < onFailures.length; i++) {
    const client = await exchange(server, get(`/${i}`))
    await client.until(/sse-checkpoint/)
    await channel.broadcast('news')
    await client.until(/0\r\n\r\n$/)
    await until(() => told.length > i, 'the report of the error')
  }
  expect(told).toEqual(['awaited', 'one', 'other', 'awaited'])
})
