import { afterEach, expect, test } from '@jest/globals'
import sse, { SseManager } from '@ssekit/fastify-sse'
import { RawClient } from '@ssekit/sse-testkit'
import Fastify, { type FastifyInstance } from 'fastify'

let clients: RawClient[] = []
let app: FastifyInstance | undefined

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients = []
  await app?.close()
})

test('of a client that leaves Fastify tells onRequestAbort alone, and of every stream onClose is told', async () => {
  let heard: string[] = []
  let onHeard: (() => void) | undefined
  const hear = (what: string): void => {
    heard.push(what)
    onHeard?.()
  }
  const hears = async (...all: readonly string[]): Promise<void> => {
    while (!all.every((what) => heard.includes(what))) {
      await new Promise<void>((resolve) => {
        onHeard = resolve
      })
    }
  }
  const stream = {
    write: (line: string) => {
      const { msg } = JSON.parse(line)
      if (msg === 'request completed') hear(msg)
    },
  }
  app = Fastify({ logger: { level: 'info', stream } })
  const manager = new SseManager()
  await app.register(sse, { manager })
  app.addHook('onResponse', async () => hear('onResponse'))
  app.addHook('onRequestAbort', async (_request) => hear('onRequestAbort'))
  const onClose = (reason: string): void => hear(`onClose: ${reason}`)
  app.get('/finite', (_request, reply) => reply.sse(['one'], { onClose }))
  app.get('/news', (_request, reply) => reply.sse(manager.getOrCreate('news'), { onClose }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  const reader = (await RawClient.connect(url)).send({ path: '/finite' })
  clients.push(reader)
  await reader.whole()
  await hears('onClose: end', 'onResponse', 'request completed')
  heard = []
  await reader.send({ path: '/news' }).response(1)
  reader.destroy()
  await hears('onClose: client', 'onRequestAbort')
  // Whatever else comes of the request has come once its instance is closed.
  await app.close()
  expect(heard.sort()).toEqual(['onClose: client', 'onRequestAbort'])
})
