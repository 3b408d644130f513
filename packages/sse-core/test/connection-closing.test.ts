import { afterEach, expect, test } from '@jest/globals'
import { merge, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

/** The `data:` lines of a response, in order. */
function dataOf(text: string): string[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data)
}

/** A channel and its latest connection. */
function watched(name: string) {
  const channel = new SseManager().getOrCreate(name)
  let connection: SseConnection | undefined
  channel.on('subscribe', (latest) => {
    connection = latest
  })
  return { channel, connection: () => connection as SseConnection }
}

test('a connection that its own filter closes still receives the events that passed the filter before', async () => {
  const { channel, connection } = watched('news')
  const filter = ({ data }: { data?: unknown }): boolean => {
    if (data === 'stop') connection().close()
    return true
  }
  const client = await exchange(await serve((req, res) => void respond(req, res, channel, { filter })), get())
  await client.until(/sse-checkpoint/)
  void channel.broadcast('one')
  void channel.broadcast('stop')
  await client.until(/\r\n0\r\n\r\n$/)
  expect(dataOf(client.text())[0]).toBe('one')
})

test('a stream subscribed to a second channel ends with its source channel, after all events of that tick', async () => {
  const { channel, connection } = watched('own')
  const second = new SseManager().getOrCreate('second')
  const client = await exchange(await serve((req, res) => void respond(req, res, channel)), get())
  await client.until(/sse-checkpoint/)
  void connection().subscribe(second)
  await client.until(/~/)
  void channel.end('last')
  void second.broadcast('beside it')
  await client.until(/\r\n0\r\n\r\n$/)
  expect(dataOf(client.text()).sort()).toEqual(['beside it', 'last'])
  expect([channel.subscriberCount, second.subscriberCount]).toEqual([0, 0])
})

test("merge() releases all its sources if a 'subscribe' listener of one of them closes the connection", async () => {
  const { channel } = watched('first')
  const other = new SseManager().getOrCreate('other')
  channel.on('subscribe', (connection) => connection?.close('kicked'))
  let isReturned = false
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      async return() {
        isReturned = true
        return { done: true, value: undefined }
      },
    }),
  }
  const client = await exchange(await serve((req, res) => void respond(req, res, merge(channel, other, source))), get())
  await client.until(/\r\n0\r\n\r\n$/)
  await turn()
  expect(isReturned).toBe(true)
  expect([channel.subscriberCount, other.subscriberCount]).toEqual([0, 0])
})

test('a function that sends in a loop stops when the response is destroyed', async () => {
  let isSending = true
  const server = await serve((req, res) => {
    const reason = respond(req, res, async (connection) => {
      for (let sent = 0; await connection.send('x'); sent++) if (sent === 10) res.destroy()
      isSending = false
    })
    void reason
  })
  const client = await exchange(server, get())
  await new Promise((resolve) => client.socket.on('close', resolve))
  expect(isSending).toBe(false)
})

test('a connection counts for the key it was opened with, even if the options object changes later', async () => {
  const manager = new SseManager({ maxConnectionsPerKey: 1 })
  const channel = manager.getOrCreate('news')
  const options = { manager, key: 'ann' }
  const server = await serve((req, res) => void respond(req, res, channel, options))
  const first = await exchange(server, get())
  await first.until(/sse-checkpoint/)
  options.key = 'bob'
  first.socket.destroy()
  await until(() => channel.subscriberCount === 0, 'the disconnect')
  options.key = 'ann'
  const second = await exchange(server, get())
  await second.until(/\r\n\r\n/)
  await turn()
  expect(channel.subscriberCount).toBe(1)
})
