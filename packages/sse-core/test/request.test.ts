import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from '@jest/globals'
import { respond, SseChannel } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

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
