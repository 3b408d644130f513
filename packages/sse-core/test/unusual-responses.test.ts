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
