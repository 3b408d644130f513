import { afterEach, describe, expect, test } from '@jest/globals'
import sse, { SseChannel, SseManager, type SseSource } from '@ssekit/fastify-sse'
import { RawClient } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance } from 'fastify'
import { until } from '../../sse-core/test/until.js'

const apps: FastifyInstance[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections()
    await app.close()
  }
})

// Fastify does not check what `reply.header()` is given until the headers are sent.
describe('a header of the reply that Node refuses', () => {
  const sources: readonly (readonly [what: string, make: () => SseSource])[] = [
    ['a channel', () => new SseChannel('news')],
    ['a finite iterable', () => ['one']],
    ['null', () => null],
    ['a source that is never ready', () => () => new Promise(() => {})],
  ]
  test.each(sources)('makes reply.sse() reject and the client get 500: %s', async (_what, make) => {
    const manager = new SseManager()
    const app = Fastify()
    apps.push(app)
    await app.register(sse, { manager })
    // Otherwise the header would break the error response, too.
    app.setErrorHandler((_error, _request, reply) => reply.removeHeader('x-room').code(500).send('refused'))
    const over: Promise<unknown>[] = []
    app.get('/', (_request, reply) => {
      const stream = reply.header('x-room', '€').sse(make(), { maxConnectionAgeMs: 5 })
      over.push(stream.catch((error: { readonly code?: string }) => error.code))
      return stream
    })
    const client = (await RawClient.connect(await app.listen({ port: 0, host: '127.0.0.1' }))).send({})
    expect((await client.whole()).status).toBe(500)
    expect(await over[0]).toBe('ERR_INVALID_CHAR')
    expect(manager.stats().connections).toBe(0)
    await manager.close()
  })

  test('causes no error if the client has disconnected before', async () => {
    const manager = new SseManager()
    const app = Fastify()
    apps.push(app)
    await app.register(sse, { manager })
    const over: Promise<unknown>[] = []
    app.get('/', (_request, reply) => {
      const stream = reply.header('x-room', '€').sse(() => new Promise(() => {}))
      over.push(stream)
      return stream
    })
    const client = (await RawClient.connect(await app.listen({ port: 0, host: '127.0.0.1' }))).send({})
    await until(() => over.length > 0, 'the request')
    client.destroy()
    expect(await over[0]).toBe('client')
    expect(manager.stats().connections).toBe(0)
  })
})
