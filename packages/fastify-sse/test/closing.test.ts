import { afterEach, expect, test } from '@jest/globals'
import sse, { SseManager } from '@ssekit/fastify-sse'
import { RawClient } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance } from 'fastify'

const apps: FastifyInstance[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections()
    await app.close()
  }
})

test('a request that starts its stream while app.close() runs receives a retry time, and ends', async () => {
  const manager = new SseManager({ retryMs: 10_000 })
  const channel = manager.getOrCreate('news')
  const app = Fastify()
  apps.push(app)
  await app.register(sse, { manager })
  let answer: (() => void) | undefined
  let arrived: (() => void) | undefined
  const hasArrived = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const reasons: Promise<string>[] = []
  app.get('/', async (_request, reply) => {
    arrived?.()
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    const over = reply.sse(channel)
    reasons.push(over)
    return over
  })
  let closing: (() => void) | undefined
  const isClosing = new Promise<void>((resolve) => {
    closing = resolve
  })
  // Runs after the hook of the plugin.
  app.addHook('preClose', async () => closing?.())
  const client = (await RawClient.connect(await app.listen({ port: 0, host: '127.0.0.1' }))).send({})
  await hasArrived
  const closed = app.close()
  await isClosing
  answer?.()
  const response = await client.whole()
  expect(response.status).toBe(200)
  expect(response.text).toMatch(/^retry: \d{5}\n\n$/)
  expect(await reasons[0]).toBe('shutdown')
  expect(channel.subscriberCount).toBe(0)
  // The server closes the connection, which the client keeps open.
  await closed
  await client.closed
})
