import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

test('manager.close() does not touch a response that other code has begun, nor its connection', async () => {
  const manager = new SseManager()
  const responses: ServerResponse[] = []
  const server = await serve((req, res) => {
    responses.push(res)
    if (responses.length > 1) {
      res.end('next')
      return
    }
    void respond(req, res, () => new Promise(() => {}), { manager })
    res.write('mine')
  })
  const { socket, until, text } = await exchange(server, get())
  await until(/mine/)
  expect(manager.stats().connections).toBe(1)
  await manager.close({ graceMs: 0, event: 'bye' })
  expect(manager.stats()).toMatchObject({ connections: 0, closed: { shutdown: 1 } })
  await turn()
  responses[0]?.end('whole')
  await until(/whole/)
  // The connection must stay open as well.
  socket.write(get())
  await until(/next/)
  expect(text()).not.toContain('bye')
})

test('manager.close() ends a stream on a connection that is a Duplex instead of a socket', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const server = await serve((req, res) => void respond(req, res, news))
  let text = ''
  const connection = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  server.emit('connection', connection)
  connection.push(get())
  await until(() => news.subscriberCount === 1, 'the stream')
  await manager.close({ event: 'bye' })
  expect(text).toContain('data: bye\n\n')
  expect(connection.writableEnded).toBe(true)
})

test('a stream closes even if a replaced res.end() throws, and the error is reported to onError', async () => {
  const errors: unknown[] = []
  const manager = new SseManager({ onError: (error) => errors.push(error) })
  const news = manager.getOrCreate('news')
  const outcomes: Promise<CloseReason>[] = []
  const server = await serve((req, res) => {
    if (req.url === '/replaced') {
      res.end = () => {
        throw new Error('of end()')
      }
    }
    outcomes.push(respond(req, res, news))
  })
  await exchange(server, get('/replaced'))
  await until(() => news.subscriberCount === 1, 'the first stream')
  await exchange(server, get())
  await until(() => news.subscriberCount === 2, 'the second one')
  expect(manager.disconnect(() => true)).toBe(2)
  expect(await Promise.all(outcomes)).toEqual(['kicked', 'kicked'])
  expect(errors).toMatchObject([{ message: 'of end()' }])
  await manager.close()
})

test('a refused connection is closed even if a replaced res.end() throws', async () => {
  const manager = new SseManager({ maxConnections: 0 })
  const server = await serve((req, res) => {
    res.end = () => {
      throw new Error('of end()')
    }
    respond(req, res, ['one'], { manager }).catch(() => {})
  })
  const { socket } = await exchange(server, get())
  await once(socket, 'close')
  expect(manager.stats().closed).toEqual({ limit: 1 })
})

test('headers that cannot be sent make respond() reject with their own error, also once the framework has let go', async () => {
  const outcomes: Promise<unknown>[] = []
  const server = await serve((req, res) => {
    const { writeHead } = res
    // As a hook of on-headers does, which is called once.
    res.writeHead = () => {
      res.writeHead = writeHead
      throw new Error('of writeHead()')
    }
    outcomes.push(respond(req, res, ['one'], { onHead: () => {} }).catch((error: Error) => error.message))
  })
  await (await exchange(server, get())).until(/500 Internal Server Error/)
  expect(await outcomes[0]).toBe('of writeHead()')
})

test('a stream on a wrapped response ends when other code ends the response', async () => {
  const manager = new SseManager()
  const responses: ServerResponse[] = []
  const over: Promise<CloseReason>[] = []
  const server = await serve((req, res) => {
    responses.push(res)
    over.push(respond(req, new Proxy(res, {}), manager.getOrCreate('news'), { manager }))
  })
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  responses[0]?.end()
  // Not only once the connection closes: until then, events would be written into its next response.
  expect(manager.stats().connections).toBe(0)
  expect(await over[0]).toBe('end')
})

test('a server that stops closes the connection of a client that it refuses', async () => {
  const manager = new SseManager()
  const server = await serve((req, res) => {
    if (req.url === '/') res.end('hello')
    else void respond(req, res, ['one'], { manager })
  })
  const { socket, until: untilReceived } = await exchange(server, get())
  await untilReceived(/hello/)
  await manager.close()
  socket.write(get('/events'))
  await untilReceived(/Connection: close\r\n/)
  await once(socket, 'close')
})
