import { afterEach, describe, expect, test } from '@jest/globals'
import { memoryBackplane, merge, respond, SseManager, type SseSource } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe("a 'subscribe' listener of one of two merged channels", () => {
  test('that deletes the other one leaves a stream of the first, which ends with it', async () => {
    const manager = new SseManager()
    const [one, other] = [manager.getOrCreate('one'), manager.getOrCreate('other')]
    one.on('subscribe', () => manager.delete('other'))
    const server = await serve((req, res) => void respond(req, res, merge(one, other)))
    const client = await exchange(server, get())
    await until(() => one.subscriberCount === 1, 'the stream')
    expect(other.subscriberCount).toBe(0)
    await one.broadcast('still there')
    await one.end()
    await client.until(/data: still there\n\n(?:.|\n|\r)*0\r\n\r\n$/)
    expect(manager.stats().connections).toBe(0)
  })

  test('that makes room for a new channel ends the stream, and the client that reconnects gets the other one too', async () => {
    const manager = new SseManager({ backplane: memoryBackplane(), maxChannels: 2 })
    const [one, other] = [manager.getOrCreate('one'), manager.getOrCreate('other')]
    // Both logs are ready, so the request does not wait for them.
    for (const channel of [one, other]) {
      const loop = channel[Symbol.asyncIterator]()
      void loop.next()
      await until(() => channel.subscriberCount === 1, 'the loop')
      await loop.return?.()
    }
    let isFirst = true
    one.on('subscribe', () => {
      if (isFirst) manager.getOrCreate('presence')
      isFirst = false
    })
    const server = await serve((req, res) => void respond(req, res, merge(one, other)))
    const first = await exchange(server, get())
    await first.until(/0\r\n\r\n$/)
    manager.delete('presence')
    const second = await exchange(server, get())
    await until(() => other.subscriberCount === 1, 'the second stream')
    await other.broadcast('heard')
    await second.until(/data: heard\n\n/)
    await manager.close()
  })
})

test("a 'subscribe' listener that makes room for a new channel does not end a stream whose logs are kept in memory", async () => {
  const manager = new SseManager({ maxChannels: 2 })
  const [one, other] = [manager.getOrCreate('one'), manager.getOrCreate('other')]
  one.on('subscribe', () => manager.getOrCreate('lobby'))
  const server = await serve((req, res) => void respond(req, res, merge(one, other)))
  const client = await exchange(server, get())
  await until(() => other.subscriberCount === 1, 'the stream')
  await other.broadcast('heard')
  await client.until(/data: heard\n\n/)
  await manager.close()
})

describe('a channel whose log has just become ready is not given up for another channel', () => {
  const sources: readonly (readonly [what: string, source: (manager: SseManager) => SseSource])[] = [
    ['streamed itself', (manager) => manager.getOrCreate('news')],
    ['a view of it', (manager) => manager.getOrCreate('news').listen()],
    [
      'a function that subscribes to it',
      (manager) => (connection) => connection.subscribe(manager.getOrCreate('news')),
    ],
  ]
  test.each(sources)('%s', async (_what, source) => {
    // The log is ready, and read, a few microtasks after the request.
    for (let microtasks = 0; microtasks < 10; microtasks++) {
      const manager = new SseManager({ backplane: memoryBackplane(), maxChannels: 1 })
      const server = await serve(async (req, res) => {
        void respond(req, res, source(manager))
        for (let n = 0; n < microtasks; n++) await undefined
        try {
          manager.getOrCreate('another')
        } catch {
          // There is no room for it, as expected.
        }
      })
      const client = await exchange(server, get())
      await client.until(/\r\n\r\n/)
      expect(client.text()).toMatch(/^HTTP\/1\.1 200 /)
      const news = manager.get('news')
      await until(() => news?.subscriberCount === 1, 'the subscriber')
      await news?.broadcast('heard')
      await client.until(/data: heard\n\n/)
      await manager.close()
    }
  })
})
