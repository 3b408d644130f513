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
  ['read from the header in any letter case', '/', 'LAST-EVENT-ID: a\r\n', 'a'],
  [
    'the joined values of a header that is sent twice',
    '/',
    'Last-Event-ID: a\r\nX-Other: x\r\nlast-event-id: b\r\n',
    'a, b',
  ],
  ['read from the query if the header is empty', '/?lastEventId=q', 'Last-Event-ID: \r\n', 'q'],
  ['read from the header even if the query has one', '/?lastEventId=q', 'Last-Event-ID: a\r\n', 'a'],
])('the lastEventId of a connection is %s', async (_what, path, headers, id) => {
  expect(await lastEventIdOf(path, headers)).toBe(id)
})

test('respond() does not consume a request body that other code has paused', async () => {
  const server = await serve((req, res) => {
    req.pause()
    void respond(req, res, async (connection) => {
      connection.open()
      // By then, all of it would have been drained.
      for (let i = 0; i < 5; i++) await turn()
      await connection.send(await text(req))
    })
  })
  const client = await exchange(server, `${get('/', 'Content-Length: 5\r\n').replace('GET', 'POST')}hello`)
  await client.until(/0\r\n\r\n$/)
  expect(client.text()).toContain('data: hello\n\n')
})

test('a request body over HTTP/2 without a content-length is drained while the stream is open', async () => {
  const server = createServer((req, res) => {
    void respond(req, res, new SseChannel('news'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const stream = client.request({ ':method': 'POST' })
  // More than the initial flow control window of a stream.
  stream.end(Buffer.alloc(1_000_000))
  await once(stream, 'finish')
  client.destroy()
  server.close()
  await once(server, 'close')
})

test('manager.close() ends a stream of its own request body, though that body is not complete', async () => {
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

test('pipeFrom() rejects if the request body is cut off', async () => {
  const channel = new SseChannel('news')
  const outcomes: Promise<void>[] = []
  const server = await serve((req) => outcomes.push(channel.pipeFrom(req)))
  const client = await exchange(
    server,
    `${get('/', 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}5\r\nhello\r\n`,
  )
  await until(() => channel.lastEventId !== undefined, 'the first chunk')
  client.socket.destroy()
  await expect(outcomes[0]).rejects.toThrow('aborted')
})

test('a refused request whose body was the source is drained, and its connection serves the next request', async () => {
  const manager = new SseManager({ maxConnections: 0 })
  const server = await serve((req, res) => void respond(req, res, req, { manager }))
  // More than the buffer of an unread request holds.
  const body = 'x'.repeat(1_000_000)
  const head = get('/', `Content-Length: ${body.length}\r\n`).replace('GET', 'POST')
  const client = await exchange(server, head)
  await client.until(/retry: \d+\n\n/)
  // The connection serves the next request.
  client.socket.write(`${body}${get()}`)
  await client.until(/retry: \d+\n\n[\s\S]*retry: \d+\n\n/)
})

test('an HTTP/2 push response streams like any other, with the request that it was pushed for', async () => {
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
