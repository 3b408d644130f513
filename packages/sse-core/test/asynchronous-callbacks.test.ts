import { afterEach, expect, test } from '@jest/globals'
import { respond, SseChannel, SseManager } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

const refuse = async (): Promise<never> => {
  throw new Error('later')
}

test('an onClose callback that rejects is reported to onError', async () => {
  const errors: unknown[] = []
  const manager = new SseManager({ onError: (error) => errors.push(error) })
  const server = await serve((req, res) => void respond(req, res, ['one'], { manager, onClose: refuse }))
  const client = await exchange(server, get())
  await client.until(/0\r\n\r\n$/)
  await until(() => errors.length > 0, 'the error')
  expect(errors).toMatchObject([{ message: 'later' }])
  await manager.close()
})

test("a 'subscribe' listener that rejects is reported to onError, and the subscriber still receives events", async () => {
  const errors: unknown[] = []
  const channel = new SseChannel('news', { onError: (error) => errors.push(error) })
  channel.on('subscribe', refuse)
  const loop = channel[Symbol.asyncIterator]()
  const first = loop.next()
  await until(() => errors.length > 0, 'the error')
  expect(errors).toMatchObject([{ message: 'later' }])
  await channel.broadcast('one')
  expect(await first).toMatchObject({ value: { data: 'one' } })
  await channel.close()
})

test('an asynchronous heartbeat callback is a TypeError for onError, and the default heartbeat is sent', async () => {
  const errors: unknown[] = []
  const manager = new SseManager({ heartbeatMs: 10, onError: (error) => errors.push(error) })
  const heartbeat = refuse as unknown as () => string
  const server = await serve((req, res) => void respond(req, res, manager.getOrCreate('news'), { heartbeat }))
  const client = await exchange(server, get())
  await client.until(/: heartbeat\n\n/)
  expect(errors[0]).toMatchObject({
    name: 'TypeError',
    message: 'heartbeat must return its answer at once, not a promise',
  })
  await manager.close()
})

test('disconnect() and drain() refuse an asynchronous predicate, and disconnect no client', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const server = await serve((req, res) => void respond(req, res, news))
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  const predicate = (async () => false) as unknown as () => boolean
  expect(() => manager.disconnect(predicate)).toThrow(TypeError)
  await expect(manager.drain(predicate)).rejects.toThrow('the predicate must return its answer at once')
  expect(manager.stats().connections).toBe(1)
  await manager.close()
})
