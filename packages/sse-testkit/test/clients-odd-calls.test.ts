import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type SseConnection, SseManager } from '@ssekit/sse-core'
import { type Serving, serveSource } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

// Jest fails a test in which a rejection stays unhandled or an exception uncaught, so each of these says that too.

let manager: SseManager
let errors: unknown[]
let serving: Serving
beforeEach(() => {
  errors = []
  manager = new SseManager({ onError: (error) => errors.push(error) })
})
afterEach(async () => {
  await serving.close()
  expect(manager.stats().connections).toBe(0)
})

describe('a filter', () => {
  const acts: Record<string, (connection: SseConnection) => void> = {
    'closes its connection': (connection) => connection.close(),
    'kicks its connection': () => void manager.disconnect(() => true),
    'deletes its channel': () => void manager.delete('news'),
    'closes its manager': () => void manager.close(),
    'ends its channel': () => void manager.getOrCreate('news').end(),
  }
  test.each(Object.entries(acts))(
    'that %s loses no event before the last one that its client gets',
    async (_name, act) => {
      const news = manager.getOrCreate('news')
      serving = await serveSource(
        () => (connection: SseConnection) =>
          connection.subscribe(news, {
            filter: ({ data }) => {
              if (data === '2') act(connection)
              return true
            },
          }),
        { manager },
      )
      const client = new RawClient(serving.url)
      await client.opened()
      for (const data of ['1', '2', '3', '4']) news.broadcast(data).catch(() => {})
      await client.until(() => client.isOver)
      expect(['1', '2', '3', '4'].slice(0, client.data.length)).toEqual(client.data)
      // The last event id that the client got matches its events.
      const [, last] = [...client.text.matchAll(/^id: .*\.(\d+)$/gm)].at(-1) ?? []
      expect(Number(last)).toBe(client.data.length)
    },
  )

  // Not 'ends its channel': the end is an entry of the log too, and the count below would have to include it.
  const others = Object.entries(acts).filter(([name]) => name !== 'ends its channel')
  test.each(others)(
    'on one of several channels that %s loses no event before the last one either',
    async (_name, act) => {
      const news = manager.getOrCreate('news')
      const other = manager.getOrCreate('other')
      serving = await serveSource(
        () => (connection: SseConnection) => {
          const filter = ({ data }: { readonly data?: unknown }) => {
            if (data === '2') act(connection)
            return true
          }
          void connection.subscribe(news, { filter })
          void connection.subscribe(other)
        },
        { manager },
      )
      const client = new RawClient(serving.url)
      await client.opened()
      for (const data of ['1', '2']) void news.broadcast(data)
      void other.broadcast('other')
      await client.until(() => client.text.includes('.0~'))
      // A filter that deletes its channel leaves the other channel, which must end too.
      await new Promise((resolve) => setImmediate(resolve))
      if (other.subscriberCount > 0) await other.end()
      await client.until(() => client.isOver)
      const received = client.data.filter((data) => data !== 'other')
      expect(['1', '2'].slice(0, received.length)).toEqual(received)
      const [, ofNews, ofOther] = [...client.text.matchAll(/^id: .*\.(\d+)~.*\.(\d+)$/gm)].at(-1) ?? []
      expect([Number(ofNews), Number(ofOther)]).toEqual([received.length, client.data.length - received.length])
    },
  )

  test('that broadcasts during a broadcast of its channel does not change the order of events', async () => {
    const news = manager.getOrCreate('news')
    const filter = ({ data }: { readonly data?: unknown }) => {
      if (data === 'question') void news.broadcast('answer')
      return true
    }
    serving = await serveSource(() => news, { manager, filter })
    const client = new RawClient(serving.url)
    await client.opened()
    void news.broadcast('question')
    void news.broadcast('comment')
    await client.until(() => client.data.length === 3)
    expect(client.data).toEqual(['question', 'comment', 'answer'])
    await client.leave()
    await serving.outcome
  })
})

test("a 'subscribe' listener can delete the channel, and a loop or a stream over it ends", async () => {
  const news = manager.getOrCreate('news').on('subscribe', () => void manager.delete('news'))
  for await (const event of news.listen()) throw new Error(`there is none, but this came: ${JSON.stringify(event)}`)
  expect(news.subscriberCount).toBe(0)
  serving = await serveSource(() => manager.getOrCreate('news').on('subscribe', () => void manager.delete('news')), {
    manager,
  })
  expect((await RawClient.read(serving.url)).status).toBe(200)
  expect(await serving.outcome).toBe('end')
})

test('a callback that throws does not break the stream, and each error is reported', async () => {
  const news = manager
    .getOrCreate('news')
    .on('subscribe', () => {
      throw new Error('of subscribe')
    })
    .on('unsubscribe', () => {
      throw new Error('of unsubscribe')
    })
  serving = await serveSource(() => news, {
    manager,
    heartbeatMs: 1,
    heartbeat: () => {
      throw new Error('of heartbeat')
    },
    onClose: () => {
      throw new Error('of onClose')
    },
  })
  const client = new RawClient(serving.url)
  await client.until(() => client.text.includes(': heartbeat'))
  await news.broadcast('still here')
  await client.until(() => client.data.length === 1)
  await client.leave()
  expect(await serving.outcome).toBe('client')
  const messages = new Set(errors.map((error) => (error instanceof Error ? error.message : error)))
  expect(messages).toEqual(new Set(['of subscribe', 'of heartbeat', 'of unsubscribe', 'of onClose']))
})

test('calls on a connection that has ended do nothing', async () => {
  const news = manager.getOrCreate('news')
  let connection: SseConnection | undefined
  serving = await serveSource(
    () => (given: SseConnection) => {
      connection = given
      void given.send('only this')
      given.close()
    },
    { manager, onClose: () => connection?.close('error') },
  )
  const client = await RawClient.read(serving.url)
  expect(await serving.outcome).toBe('end')
  expect(await connection?.send('late')).toBe(false)
  await connection?.subscribe(news)
  connection?.open()
  connection?.close()
  expect(connection?.signal.aborted).toBe(true)
  expect(news.subscriberCount).toBe(0)
  expect(client.data).toEqual(['only this'])
})

test('a connection with two subscriptions to a channel gets each event twice, and both end with it', async () => {
  const news = manager.getOrCreate('news')
  serving = await serveSource(
    () => (connection: SseConnection) => {
      void connection.subscribe(news)
      void connection.subscribe(news)
    },
    { manager },
  )
  const client = new RawClient(serving.url)
  await client.opened()
  await client.until(() => news.subscriberCount === 2)
  await news.broadcast('news')
  await client.until(() => client.data.length === 2)
  await client.leave()
  await serving.outcome
  expect(news.subscriberCount).toBe(0)
})
