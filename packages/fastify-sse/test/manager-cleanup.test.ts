import { expect, test } from '@jest/globals'
import sse, { SseManager } from '@ssekit/fastify-sse'
import { readEvents } from '@ssekit/sse-testkit'
import Fastify from 'fastify'

process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')

test('an instance does not retain a manager whose streams are over, and app.close() ends open streams', async () => {
  const app = Fastify()
  await app.register(sse, { close: { event: 'bye' } })
  const over: WeakRef<SseManager>[] = []
  app.get('/over', async (_request, reply) => {
    const manager = new SseManager({ idleChannelMs: 0, history: { maxAgeMs: 0 } })
    over.push(new WeakRef(manager))
    const channel = manager.getOrCreate('job')
    const stream = reply.sse(channel)
    await channel.end()
    return stream
  })
  app.get('/open', (_request, reply) => reply.sse(new SseManager().getOrCreate('job')))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const open = await readEvents(`${url}/open`)
  for (let request = 0; request < 3; request++) expect(await (await readEvents(`${url}/over`)).end()).toBe('complete')
  expect(over).toHaveLength(3)
  const deadline = Date.now() + 10_000
  // Node itself may still reference the manager of the last request.
  while (over.filter((manager) => manager.deref() !== undefined).length > 1) {
    if (Date.now() > deadline) throw new Error('the managers are still referenced')
    await new Promise(setImmediate)
    collectGarbage()
  }
  await app.close()
  expect(await open.end()).toBe('complete')
  expect(open.events.at(-1)?.data).toBe('bye')
})
