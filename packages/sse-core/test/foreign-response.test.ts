import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

test('a manager that closes leaves a response alone that somebody else has begun', async () => {
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
  // Its connection is not ours to close either.
  socket.write(get())
  await until(/next/)
  expect(text()).not.toContain('bye')
})

test('a manager closes the streams of a connection that is no socket', async () => {
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

test('a response whose end() somebody has replaced, and that throws, is over all the same', async () => {
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

test('so is one that is sent away, of which the head is out', async () => {
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
