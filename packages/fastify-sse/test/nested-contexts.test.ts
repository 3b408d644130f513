import { afterEach, describe, expect, test } from '@jest/globals'
import sse, { injectChannel, SseManager } from '@ssekit/fastify-sse'
import { readEvents } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance } from 'fastify'

const apps: FastifyInstance[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections()
    await app.close()
  }
})

/** An application with the plugin, and a nested context that registers it again; with routes in both and below. */
async function nested(): Promise<{ readonly outer: SseManager; readonly inner: SseManager; readonly url: string }> {
  const [outer, inner] = [new SseManager(), new SseManager()]
  const app = Fastify()
  apps.push(app)
  const addRoutes = (instance: FastifyInstance): void => {
    instance.get('/events', { preHandler: injectChannel('news') }, (request, reply) =>
      reply.sse(request.sseChannel, { checkpoints: false }),
    )
  }
  await app.register(sse, { manager: outer, close: { event: 'outer bye' } })
  addRoutes(app)
  await app.register(async (same) => addRoutes(same), { prefix: '/same' })
  await app.register(
    async (child) => {
      await child.register(sse, { manager: inner, close: { event: 'inner bye' } })
      expect(child.sseManager).toBe(inner)
      addRoutes(child)
      await child.register(async (grandchild) => addRoutes(grandchild), { prefix: '/deep' })
    },
    { prefix: '/own' },
  )
  expect(app.sseManager).toBe(outer)
  return { outer, inner, url: await app.listen({ port: 0, host: '127.0.0.1' }) }
}

describe('a nested context that registers the plugin again', () => {
  test('has its own manager for its streams, its channels and the contexts in it', async () => {
    const { outer, inner, url } = await nested()
    const readers = await Promise.all(
      ['', '/same', '/own', '/own/deep'].map((path) => readEvents(`${url}${path}/events`)),
    )
    expect([outer.stats().connections, inner.stats().connections]).toEqual([2, 2])
    await outer.getOrCreate('news').broadcast('from outside')
    await inner.getOrCreate('news').broadcast('from inside')
    const first = await Promise.all(readers.map((reader) => reader.take(1)))
    expect(first.map(([event]) => event?.data)).toEqual(['from outside', 'from outside', 'from inside', 'from inside'])
  })

  test('ends its streams with its own close options', async () => {
    const { url } = await nested()
    const readers = await Promise.all(['/same', '/own/deep'].map((path) => readEvents(`${url}${path}/events`)))
    await apps.at(-1)?.close()
    for (const reader of readers) expect(await reader.end()).toBe('complete')
    expect(readers.map(({ events }) => events.at(-1)?.data)).toEqual(['outer bye', 'inner bye'])
  })
})

test('registering the plugin twice in one context is rejected', async () => {
  const app = Fastify()
  await app.register(sse)
  await expect(async () => app.register(sse)).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})
