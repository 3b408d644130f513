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

test('a client that disconnects causes onRequestAbort but not onResponse, and every stream calls onClose', async () => {
  let calls: string[] = []
  let onCall: (() => void) | undefined
  const record = (what: string): void => {
    calls.push(what)
    onCall?.()
  }
  const untilCalled = async (...all: readonly string[]): Promise<void> => {
    while (!all.every((what) => calls.includes(what))) {
      await new Promise<void>((resolve) => {
        onCall = resolve
      })
    }
  }
  const stream = {
    write: (line: string) => {
      const { msg } = JSON.parse(line)
      if (msg === 'request completed') record(msg)
    },
  }
  app = Fastify({ logger: { level: 'info', stream } })
  const manager = new SseManager()
  await app.register(sse, { manager })
  app.addHook('onResponse', async () => record('onResponse'))
  app.addHook('onRequestAbort', async (_request) => record('onRequestAbort'))
  const onClose = (reason: string): void => record(`onClose: ${reason}`)
  app.get('/finite', (_request, reply) => reply.sse(['one'], { onClose }))
  app.get('/news', (_request, reply) => reply.sse(manager.getOrCreate('news'), { onClose }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  const reader = (await RawClient.connect(url)).send({ path: '/finite' })
  clients.push(reader)
  await reader.whole()
  await untilCalled('onClose: end', 'onResponse', 'request completed')
  calls = []
  await reader.send({ path: '/news' }).response(1)
  reader.destroy()
  await untilCalled('onClose: client', 'onRequestAbort')
  // After app.close(), no other hook of the request can follow.
  await app.close()
  expect(calls.sort()).toEqual(['onClose: client', 'onRequestAbort'])
})
