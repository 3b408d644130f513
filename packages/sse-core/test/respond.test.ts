import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager, type SseSource } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

test.each([null, 'news', 1])(
  'respond() rejects options that are no object, and leaves the response to its caller: %p',
  async (options) => {
    let outcome: Promise<unknown> | undefined
    const server = await serve((req, res) => {
      outcome = Reflect.apply(respond, undefined, [req, res, ['one'], options]).catch((error: unknown) => {
        res.end('refused')
        return error
      })
    })
    await (await exchange(server, get())).until(/refused/)
    expect(await outcome).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('options must be an object'),
    })
  },
)

describe('a response taken over by other code', () => {
  const sources: readonly (readonly [what: string, source: SseSource])[] = [
    ['a function that never settles', () => new Promise(() => {})],
    [
      'a generator',
      (async function* () {
        yield await new Promise(() => {})
      })(),
    ],
  ]
  test.each(sources)(
    'makes respond() reject with ERR_SSE_HEADERS_SENT and the advice to await: %s',
    async (_what, source) => {
      let outcome: Promise<unknown> | undefined
      let reason: CloseReason | undefined
      const server = await serve((req, res) => {
        const onClose = (closed: CloseReason): void => {
          reason = closed
        }
        outcome = respond(req, res, source, { onClose }).catch((error: unknown) => error)
        res.end('by the framework')
      })
      await (await exchange(server, get())).until(/by the framework/)
      expect(await outcome).toMatchObject({ code: 'ERR_SSE_HEADERS_SENT', message: expect.stringContaining('await') })
      expect(reason).toBe('error')
    },
  )

  test('is reported to onError if nobody awaits respond()', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    const server = await serve((req, res) => {
      void respond(req, res, () => new Promise(() => {}), { manager })
      res.end('by the framework')
    })
    await (await exchange(server, get())).until(/by the framework/)
    await until(() => errors.length > 0, 'the error')
    expect(errors).toMatchObject([{ code: 'ERR_SSE_HEADERS_SENT' }])
  })

  test('is reported to onError also if it was begun before respond() was called', async () => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    let response: ServerResponse | undefined
    const server = await serve((req, res) => {
      response = res
      res.write('mine')
      void respond(req, res, ['never'], { manager })
    })
    await (await exchange(server, get())).until(/mine/)
    await until(() => errors.length > 0, 'the error')
    expect(errors).toMatchObject([{ code: 'ERR_SSE_HEADERS_SENT' }])
    response?.end()
  })
})

test('an error after the response headers is reported to onError once if nobody awaits respond()', async () => {
  const errors: unknown[] = []
  const manager = new SseManager({ onError: (error) => errors.push(error) })
  const server = await serve((req, res) => {
    void respond(
      req,
      res,
      async (connection) => {
        await connection.send('1')
        throw new Error('later')
      },
      { manager },
    )
  })
  await (await exchange(server, get())).until(/0\r\n\r\n$/)
  await until(() => errors.length > 0, 'the error')
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(errors).toEqual([new Error('later')])
})

test('the stream of a function lasts until all subscriptions end, also those made after the function returned', async () => {
  const manager = new SseManager()
  const [a, b] = [manager.getOrCreate('a'), manager.getOrCreate('b')]
  const server = await serve((req, res) => {
    void respond(req, res, (connection) => {
      void connection.subscribe(a)
      b.on('subscribe', () => void a.end('end of a'))
      setImmediate(() => void connection.subscribe(b))
    })
  })
  const client = await exchange(server, get())
  await client.until(/end of a/)
  await new Promise((resolve) => setImmediate(resolve))
  await b.broadcast('news of b')
  await client.until(/news of b/)
  await b.end()
  await client.until(/0\r\n\r\n$/)
})

test.each([
  [200, 'OK'],
  [299, 'unknown'],
])('the reason phrase fits the status option, not the status set before: %i', async (status, reason) => {
  const server = await serve((req, res) => {
    res.statusCode = 201
    res.statusMessage = 'Created'
    if (req.url === '/table') res.setHeader('Cache-Control', 'no-store')
    void respond(req, res, req.url === '/nothing' ? null : ['1'], { status })
  })
  for (const path of ['/', '/table']) {
    await (await exchange(server, get(path))).until(new RegExp(`^HTTP/1.1 ${status} ${reason}\r\n[\\s\\S]*0\r\n\r\n$`))
  }
  await (await exchange(server, get('/nothing'))).until(/^HTTP\/1.1 204 No Content\r\n/)
})

test("cleanup() removes the stream of a destroyed response before its close event, with reason 'client'", async () => {
  const channel = new SseManager().getOrCreate('news')
  let response: ServerResponse | undefined
  let outcome: Promise<CloseReason> | undefined
  const server = await serve((req, res) => {
    response = res
    outcome = respond(req, res, channel)
  })
  await (await exchange(server, get())).until(/retry/)
  // Its `close` event comes later in this turn.
  response?.destroy()
  expect(channel.cleanup()).toBe(1)
  expect(await outcome).toBe('client')
})
