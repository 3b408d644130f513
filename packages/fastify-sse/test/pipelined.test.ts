import { afterEach, expect, test } from '@jest/globals'
import sse, { SseManager } from '@ssekit/fastify-sse'
import { RawClient } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { until } from '../../sse-core/test/until.js'

const apps: FastifyInstance[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections()
    await app.close()
  }
})

test('app.close() is not held up by a stream that waits behind a slow answer, and the stream is refused', async () => {
  const manager = new SseManager()
  const app = Fastify()
  apps.push(app)
  await app.register(sse, { manager })
  let slow: FastifyReply | undefined
  const over: Promise<unknown>[] = []
  app.get('/slow', (_request, reply) => {
    slow = reply
  })
  app.get('/events', (_request, reply) => {
    const stream = reply.sse(manager.getOrCreate('news'))
    over.push(stream)
    return stream
  })
  const client = await RawClient.connect(await app.listen({ port: 0, host: '127.0.0.1' }))
  client.send({ path: '/slow' }, { path: '/events' })
  await until(() => over.length === 1, 'both requests')
  const closing = app.close()
  // By then the plugin has ended the streams that it knew of.
  await new Promise((resolve) => setImmediate(resolve))
  slow?.send('slow')
  expect(await over[0]).toBe('shutdown')
  await closing
  expect((await client.whole(1)).text).toMatch(/^retry: \d+\n\n$/)
})
