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

test('a request in flight that asks for its stream while the instance closes is told when to come back', async () => {
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
  // Behind the plugin's own.
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
  // It hangs up by itself, for the client keeps its connection.
  await closed
  await client.closed
})
