import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import { afterEach, describe, expect, test } from '@jest/globals'
import sse, { injectChannel, SseChannel, SseManager } from '@ssekit/fastify-sse'
import { parseEvents, readEvents } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance, type FastifyLoggerOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

const apps: FastifyInstance[] = []

function createApp(logger?: FastifyLoggerOptions): FastifyInstance {
  const app = Fastify({ logger: logger ?? false })
  apps.push(app)
  return app
}

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

describe('Fastify', () => {
  test('inject() returns all of a finite stream', async () => {
    const app = createApp()
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse(['one', { event: 'two', data: 2 }]))
    const response = await app.inject('/')
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(parseEvents(response.body)).toEqual([
      { event: 'message', data: 'one', id: undefined },
      { event: 'two', data: '2', id: undefined },
    ])
  })

  test("inject() can stream, and aborting its signal closes the stream with reason 'client'", async () => {
    const manager = new SseManager()
    const channel = manager.getOrCreate('news')
    const app = createApp()
    await app.register(sse, { manager })
    const left: Promise<string>[] = []
    app.get('/', (_request, reply) => {
      const over = reply.sse(channel, { checkpoints: false })
      left.push(over)
      return over
    })
    const controller = new AbortController()
    const response = await app.inject({ url: '/', payloadAsStream: true, signal: controller.signal })
    const reader = await readEvents(response.stream())
    await channel.broadcast('one')
    expect(await reader.take(1)).toMatchObject([{ data: 'one' }])
    controller.abort()
    expect(await left[0]).toBe('client')
    expect(channel.subscriberCount).toBe(0)
  })

  test('app.close() ends a stream of inject(), whose connection is not a real socket', async () => {
    const app = createApp()
    await app.register(sse, { manager: new SseManager(), close: { event: 'bye' } })
    const channel = app.sseManager.getOrCreate('news')
    app.get('/', (_request, reply) => reply.sse(channel))
    const response = await app.inject({ url: '/', payloadAsStream: true })
    const reader = await readEvents(response.stream())
    await app.close()
    await reader.until(() => reader.events.some(({ data }) => data === 'bye'), 'the last event')
  })

  test('a handler that neither awaits nor returns reply.sse() still streams', async () => {
    const app = createApp()
    await app.register(sse)
    app.get('/', (_request, reply) => {
      void reply.sse(['one'])
    })
    expect(parseEvents((await app.inject('/')).body)).toMatchObject([{ data: 'one' }])
  })

  test('an error of reply.sse() that nobody awaits goes to onError, and the client gets 500', async () => {
    const errors: unknown[] = []
    const error = new Error('not today')
    const app = createApp()
    await app.register(sse, { manager: new SseManager({ onError: (reported) => errors.push(reported) }) })
    app.get('/', (_request, reply) => {
      void reply.sse(() => {
        throw error
      })
    })
    const response = await app.inject('/')
    expect(response.statusCode).toBe(500)
    expect(response.body).not.toContain('not today')
    expect(errors).toEqual([error])
  })

  test('the HEAD route that Fastify adds for a GET route answers with the headers only', async () => {
    const channel = new SseChannel('news')
    const app = createApp()
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse(channel))
    const response = await app.inject({ method: 'HEAD', url: '/' })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(response.body).toBe('')
    expect(channel.subscriberCount).toBe(0)
  })

  test('headers set by @fastify/cors and by the reply are kept', async () => {
    const app = createApp()
    await app.register(cors, { origin: 'https://example.test', credentials: true })
    await app.register(sse)
    app.get('/', (_request, reply) => reply.header('x-request', '7').sse([]))
    const { headers } = await app.inject('/')
    expect(headers['access-control-allow-origin']).toBe('https://example.test')
    expect(headers['access-control-allow-credentials']).toBe('true')
    expect(headers['x-request']).toBe('7')
  })

  test('cookies set with @fastify/cookie are kept', async () => {
    const app = createApp()
    await app.register(cookie)
    await app.register(sse)
    app.get('/header', (_request, reply) => reply.header('set-cookie', app.serializeCookie('a', '1')).sse([]))
    app.get('/set', (_request, reply) => {
      reply.setCookie('a', '1').setCookie('b', '2', { httpOnly: true })
      return reply.sse([])
    })
    expect((await app.inject('/header')).headers['set-cookie']).toBe('a=1')
    expect((await app.inject('/set')).headers['set-cookie']).toEqual([
      'a=1; SameSite=Lax',
      'b=2; HttpOnly; SameSite=Lax',
    ])
  })

  test('an unknown @fastify/cookie, whose cookies cannot be found, causes a log warning', async () => {
    const lines: string[] = []
    const app = createApp({ level: 'warn', stream: { write: (line) => lines.push(line) } })
    const another = async (instance: FastifyInstance): Promise<void> => {
      instance.decorate('serializeCookie', () => '')
    }
    await app.register(fastifyPlugin(another, { name: '@fastify/cookie' }))
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse([]))
    expect((await app.inject('/')).statusCode).toBe(200)
    expect(lines).toEqual([expect.stringContaining('does not know this @fastify/cookie')])
  })

  test('the known @fastify/cookie causes no log warning, with cookies and without', async () => {
    const lines: string[] = []
    const app = createApp({ level: 'warn', stream: { write: (line) => lines.push(line) } })
    await app.register(cookie, { hook: false })
    await app.register(sse)
    app.get('/none', (_request, reply) => reply.sse([]))
    app.get('/cleared', (_request, reply) => reply.clearCookie('a').sse([]))
    expect((await app.inject('/none')).headers['set-cookie']).toBeUndefined()
    expect((await app.inject('/cleared')).headers['set-cookie']).toMatch(/^a=; .*Expires=Thu, 01 Jan 1970/)
    expect(lines).toEqual([])
  })

  test('with @fastify/compress, events arrive at once', async () => {
    const channel = new SseChannel('news')
    const app = createApp()
    await app.register(compress, { global: true, threshold: 0 })
    await app.register(sse)
    app.get('/', (_request, reply) => reply.sse(channel, { checkpoints: false }))
    const reader = await readEvents(await app.listen({ port: 0, host: '127.0.0.1' }))
    await channel.broadcast('one')
    expect(await reader.take(1)).toMatchObject([{ data: 'one' }])
    reader.abort()
  })

  test('a hook can answer instead of the stream', async () => {
    const app = createApp()
    await app.register(sse)
    app.get('/', { preHandler: async (_request, reply) => reply.code(401).send('who are you?') }, (_request, reply) =>
      reply.sse(['secret']),
    )
    const response = await app.inject('/')
    expect([response.statusCode, response.body]).toEqual([401, 'who are you?'])
  })

  test('an error before the response headers goes to the error handler of its context', async () => {
    const app = createApp()
    await app.register(sse)
    await app.register(async (child) => {
      child.setErrorHandler((error, _request, reply) => reply.code(418).send(`handled: ${(error as Error).message}`))
      child.get('/', (_request, reply) =>
        reply.sse(() => {
          throw new Error('early')
        }),
      )
    })
    const response = await app.inject('/')
    expect([response.statusCode, response.body]).toEqual([418, 'handled: early'])
  })

  test('injectChannel() can take the channel name from its route, and app.sseManager is the manager', async () => {
    const manager = new SseManager()
    const app = createApp()
    await app.register(sse, { manager })
    expect(app.sseManager).toBe(manager)
    app.get<{ Params: { room: string } }>(
      '/rooms/:room',
      { preHandler: injectChannel((request) => `room ${(request.params as { room: string }).room}`) },
      (request, reply) => reply.sse(request.sseChannel, { rewind: 1, checkpoints: false }),
    )
    await manager.getOrCreate('room red').broadcast('hello')
    await manager.getOrCreate('room red').end()
    expect(parseEvents((await app.inject('/rooms/red')).body)).toMatchObject([{ data: 'hello' }])
  })

  test('app.close() ends the streams of its instance with the close options of the plugin', async () => {
    const manager = new SseManager()
    const app = createApp()
    await app.register(sse, { manager, close: { event: 'bye', retryMs: 77 } })
    app.get('/', (_request, reply) => reply.sse(manager.getOrCreate('news')))
    const reader = await readEvents(await app.listen({ port: 0, host: '127.0.0.1' }))
    await app.close()
    expect(await reader.end()).toBe('complete')
    expect(reader.events.at(-1)?.data).toBe('bye')
    expect(reader.retries.at(-1)).toBe(77)
  })

  test('app.close() leaves the streams of another instance open, even with the same manager and channel', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const [closing, staying] = await Promise.all(
      [createApp(), createApp()].map(async (app) => {
        await app.register(sse, { manager, close: { event: 'bye' } })
        app.get('/', (_request, reply) => reply.sse(news, { checkpoints: false }))
        return { app, reader: await readEvents(await app.listen({ port: 0, host: '127.0.0.1' })) }
      }),
    )
    await closing?.app.close()
    expect(await closing?.reader.end()).toBe('complete')
    expect(news.subscriberCount).toBe(1)
    await news.broadcast('still here')
    const [first] = (await staying?.reader.take(1)) ?? []
    expect(first?.data).toBe('still here')
  })
})
