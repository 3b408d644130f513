import { afterEach, expect, test } from '@jest/globals'
import { respond, SseChannel } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

/** Records each write of a socket to the operating system. */
function watchWrites(socket: object): string[] {
  const writes: string[] = []
  const handle = Reflect.get(socket, '_handle') as Record<string, (...args: unknown[]) => unknown>
  for (const name of ['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeAsciiString']) {
    const write = handle[name]
    if (write === undefined) throw new Error(`sockets of this Node have no ${name}`)
    handle[name] = (...args) => {
      writes.push(name)
      return write.apply(handle, args)
    }
  }
  return writes
}

test('the response headers, the retry time and the first checkpoint are sent in one write', async () => {
  const channel = new SseChannel('news')
  let writes: string[] = []
  const server = await serve((req, res) => {
    writes = watchWrites(req.socket)
    void respond(req, res, channel)
  })
  const { until } = await exchange(server, get())
  await until(/sse-checkpoint[\s\S]*\n\n/)
  expect(writes).toHaveLength(1)
  await channel.broadcast('news')
  await until(/data: news\n\n/)
  expect(writes).toHaveLength(2)
})

test('the response headers and the replayed events are sent in one write', async () => {
  const channel = new SseChannel('news')
  const id = await channel.broadcast('1')
  for (const data of ['2', '3', '4']) await channel.broadcast(data)
  let writes: string[] = []
  const server = await serve((req, res) => {
    writes = watchWrites(req.socket)
    void respond(req, res, channel)
  })
  const { until } = await exchange(server, get('/', `Last-Event-ID: ${id}\r\n`))
  await until(/data: 4\n\n/)
  expect(writes).toHaveLength(1)
})
