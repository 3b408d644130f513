import { once } from 'node:events'
import { type ClientHttp2Stream, connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from '@jest/globals'
import { respond, SseChannel, type SseConnection, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

async function lastEventIdOf(path: string, headers: string): Promise<string> {
  const server = await serve((req, res) => {
    void respond(req, res, async (connection) => {
      await connection.send({ data: [connection.lastEventId] })
    })
  })
  const client = await exchange(server, get(path, headers))
  await client.until(/0\r\n\r\n$/)
  return JSON.parse(/^data: (.*)$/m.exec(client.text())?.[1] ?? '[]')[0]
}

test.each<[what: string, path: string, headers: string, id: string]>([
  ['in any case', '/', 'LAST-EVENT-ID: a\r\n', 'a'],
  ['sent twice, as Node joins it', '/', 'Last-Event-ID: a\r\nX-Other: x\r\nlast-event-id: b\r\n', 'a, b'],
  ['that is empty, and leaves the word to the query', '/?lastEventId=q', 'Last-Event-ID: \r\n', 'q'],
  ['that is there, whatever the query says', '/?lastEventId=q', 'Last-Event-ID: a\r\n', 'a'],
])('the last event id is that of a header %s', async (_what, path, headers, id) => {
  expect(await lastEventIdOf(path, headers)).toBe(id)
})

test('a body that somebody has paused is left for them to read', async () => {
  const server = await serve((req, res) => {
    req.pause()
    void respond(req, res, async (connection) => {
      connection.open()
      // By then all of it would have gone by.
      for (let i = 0; i < 5; i++) await turn()
      await connection.send(await text(req))
    })
  })
  const client = await exchange(server, `${get('/', 'Content-Length: 5\r\n').replace('GET', 'POST')}hello`)
  await client.until(/0\r\n\r\n$/)
  expect(client.text()).toContain('data: hello\n\n')
})

test('a body over HTTP/2, which need not say that there is one, is taken while the stream goes on', async () => {
  const server = createServer((req, res) => {
    void respond(req, res, new SseChannel('news'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const stream = client.request({ ':method': 'POST' })
  // More than the window that a stream begins with.
  stream.end(Buffer.alloc(1_000_000))
  await once(stream, 'finish')
  client.destroy()
  server.close()
  await once(server, 'close')
})

test('a request whose body is streamed back is answered to the end, though its body goes on', async () => {
  const manager = new SseManager()
  const server = await serve((req, res) => void respond(req, res, req, { manager }))
  const client = await exchange(
    server,
    `${get('/', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}5\r\nhello\r\n`,
  )
  await client.until(/data: hello/)
  await manager.close({ event: 'bye' })
  await client.until(/data: bye\n\n[\s\S]*0\r\n\r\n$/)
})

test('a body that is torn off rejects where it is broadcast', async () => {
  const channel = new SseChannel('news')
  const outcomes: Promise<void>[] = []
  const server = await serve((req) => outcomes.push(channel.pipeFrom(req)))
  const client = await exchange(
    server,
    `${get('/', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}5\r\nhello\r\n`,
  )
  await until(() => channel.lastEventId !== undefined, 'the first piece')
  client.socket.destroy()
  await expect(outcomes[0]).rejects.toThrow('aborted')
})

test('a request whose body would be streamed back is sent away like any other', async () => {
  const manager = new SseManager({ maxConnections: 0 })
  const server = await serve((req, res) => void respond(req, res, req, { manager }))
  // More than a request holds that nobody reads.
  const body = 'x'.repeat(1_000_000)
  const head = get('/', `Content-Length: ${body.length}\r\n`).replace('GET', 'POST')
  const client = await exchange(server, head)
  await client.until(/retry: \d+\n\n/)
  // Its connection takes the next one.
  client.socket.write(`${body}${get()}`)
  await client.until(/retry: \d+\n\n[\s\S]*retry: \d+\n\n/)
})

test('a response that is pushed over HTTP/2 streams as any other, to the request that it was pushed for', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const requests: unknown[] = []
  const server = createServer((req, res) => {
    res.createPushResponse({ ':path': '/pushed' }, (_error, pushed) => {
      const source = async (connection: SseConnection): Promise<void> => {
        requests.push(connection.req === req)
        await connection.subscribe(news)
      }
      void respond(req, pushed, source, { manager })
      res.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.request({ ':path': '/' }).resume()
  const [pushed] = (await once(client, 'stream')) as [ClientHttp2Stream]
  const whole = text(pushed)
  await until(() => news.subscriberCount === 1, 'the pushed stream')
  await news.broadcast('hello')
  await news.end()
  expect(await whole).toContain('data: hello\n\n')
  expect(requests).toEqual([true])
  client.destroy()
  server.close()
  await once(server, 'close')
})
