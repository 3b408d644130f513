import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { TcpProxy } from '@ssekit/sse-testkit'
import { askRedis } from './brokers/ask-redis.js'
import { RedisServer } from './brokers/redis-server.js'
import { TcpClient } from './network/tcp-client.js'
import { TcpServer } from './network/tcp-server.js'

const closers: (() => unknown)[] = []

afterEach(async () => {
  jest.useRealTimers()
  for (const close of closers.splice(0).reverse()) await close()
})

async function server(serve?: (socket: Socket) => unknown): Promise<TcpServer> {
  const server = await TcpServer.start(serve)
  closers.push(() => server.close())
  return server
}

async function proxyBefore(...targets: readonly { readonly port: number }[]): Promise<TcpProxy> {
  const proxy = await TcpProxy.listen({ targets })
  closers.push(() => proxy.close())
  return proxy
}

function client({ port }: { readonly port: number }): TcpClient {
  const client = new TcpClient(port)
  closers.push(() => client.destroy())
  return client
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition}`)
    await turn()
  }
}

/** Fakes the timers of the proxy, and nothing else. */
function fakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'queueMicrotask', 'setImmediate'] })
}

/** Resolves once a number has stayed the same for a hundred turns. */
async function settled(value: () => number): Promise<number> {
  for (;;) {
    const before = value()
    for (let turns = 0; turns < 100; turns++) await turn()
    if (value() === before) return before
  }
}

/** A server that sends its name to each client. */
function named(name: string): Promise<TcpServer> {
  return server((socket) => socket.write(name))
}

test('the proxy forwards bytes and the end of the connection in each direction separately', async () => {
  const target = await server((socket) => {
    socket.resume().on('end', () => socket.end('all heard'))
  })
  const proxy = await TcpProxy.listen(target)
  closers.push(() => proxy.close())
  const one = client(proxy)
  one.socket.end('one')
  expect(await one.ends()).toBe('complete')
  expect(one.text).toBe('all heard')
  await until(() => proxy.connections === 0)
})

test('the proxy forwards an end that arrives before it is connected to the target', async () => {
  const proxy = await proxyBefore(await server((socket) => socket.resume().on('end', () => socket.end('heard'))))
  const one = client(proxy)
  one.socket.end()
  expect(await one.ends()).toBe('complete')
  expect(one.text).toBe('heard')
})

test.each(['client', 'target'])('a %s that does not read blocks the other side from sending', async (reader) => {
  const target = await server((socket) => socket.pause())
  const left = client(await proxyBefore(target)).socket.pause()
  const right = await target.socket(0)
  const [slow, sender] = reader === 'client' ? [left, right] : [right, left]
  const block = Buffer.alloc(1024 * 1024)
  let blocks = 0
  const sent = (async () => {
    for (; blocks < 128; blocks++) if (!sender.write(block)) await once(sender, 'drain')
    sender.end()
  })()
  expect(await settled(() => blocks)).toBeLessThan(64)
  let bytes = 0
  slow.removeAllListeners('data').setEncoding('latin1')
  slow.on('data', ({ length }) => {
    bytes += length
  })
  slow.resume()
  await Promise.all([sent, once(slow, 'end')])
  expect(bytes).toBe(128 * 1024 * 1024)
})

test('a reset of one side resets the other', async () => {
  const target = await server()
  const proxy = await proxyBefore(target)
  for (const index of [0, 1]) {
    const one = client(proxy).send('one')
    await one.gets(3)
    const sides = [one.socket, await target.socket(index)]
    const closed = sides.map((socket) => new Promise((resolve) => socket.on('close', resolve)))
    sides[index]?.resetAndDestroy()
    await Promise.all(closed)
    expect(sides[1 - index]?.errored).toMatchObject({ code: 'ECONNRESET' })
  }
  await until(() => proxy.connections === 0)
})

test('a client that ends its half and then closes also closes the connection to the target', async () => {
  const target = await server((socket) => socket.resume().write('one'))
  const proxy = await proxyBefore(target)
  const one = client(proxy)
  await one.gets(3)
  const socket = await target.socket(0)
  const ended = once(socket, 'end')
  one.socket.end()
  await ended
  one.destroy()
  await until(() => {
    if (!socket.destroyed) socket.write('two')
    return socket.destroyed
  })
  await until(() => proxy.connections === 0)
})

test('a client that resets after the target has ended its half resets the connection to the target', async () => {
  const target = await server((socket) => socket.resume().end('one'))
  const proxy = await proxyBefore(target)
  const one = client(proxy)
  expect(await one.ends()).toBe('complete')
  one.socket.resetAndDestroy()
  await until(() => proxy.connections === 0 && target.sockets[0]?.destroyed === true)
  expect(target.sockets[0]?.errored).toMatchObject({ code: 'ECONNRESET' })
})

test('cut() resets every connection on both sides, and new ones are accepted', async () => {
  const target = await server()
  const proxy = await proxyBefore(target)
  const clients = [client(proxy).send('one'), client(proxy).send('two')]
  for (const each of clients) await each.gets(3)
  expect(proxy.connections).toBe(2)
  proxy.cut()
  for (const each of clients) expect(await each.ends()).toBe('ECONNRESET')
  await until(() => proxy.connections === 0 && target.sockets.every(({ destroyed }) => destroyed))
  for (const { errored } of target.sockets) expect(errored).toMatchObject({ code: 'ECONNRESET' })
  expect(await client(proxy).send('three').gets(5)).toBe('three')
})

test('cut() does not wait for a client that does not read', async () => {
  const target = await server((socket) => socket.resume().write(Buffer.alloc(32 * 1024 * 1024)))
  const proxy = await proxyBefore(target)
  client(proxy).socket.pause()
  const socket = await target.socket(0)
  await settled(() => socket.bytesWritten - socket.writableLength)
  proxy.cut()
  await until(() => proxy.connections === 0 && socket.destroyed)
})

describe('while a target does not accept the connection', () => {
  let proxy: TcpProxy
  let other: TcpServer
  let one: TcpClient
  beforeEach(async () => {
    const crowded = await RedisServer.start({ args: ['--tcp-backlog', '1'] })
    closers.push(() => crowded.stop())
    await crowded.pause()
    // The kernel accepts two for it, and does not answer the others.
    for (let count = 0; count < 4; count++) client(crowded)
    other = await server()
    proxy = await proxyBefore(crowded, other)
    one = client(proxy)
    await until(() => proxy.connections === 1)
  })

  test('cut() resets the client at once, and no other target is tried', async () => {
    proxy.cut()
    expect(await one.ends()).toBe('ECONNRESET')
    await until(() => proxy.connections === 0)
    expect(other.sockets).toEqual([])
  })

  test('a client that disconnects is released, and no other target is tried', async () => {
    one.socket.resetAndDestroy()
    await until(() => proxy.connections === 0)
    expect(other.sockets).toEqual([])
  })
})

test('cut() does not wait for an end that is being forwarded', async () => {
  fakeClock()
  const proxy = await proxyBefore(await server())
  const one = client(proxy).send('one')
  await one.gets(3)
  proxy.delayMs = 1_000
  one.socket.end()
  await until(() => jest.getTimerCount() === 1)
  jest.advanceTimersByTime(1_001)
  proxy.cut()
  expect(await one.ends()).toBe('ECONNRESET')
  await until(() => proxy.connections === 0)
})

test('refuse() resets new connections until accept(), and leaves open ones alone', async () => {
  const proxy = await proxyBefore(await server())
  const open = client(proxy).send('one')
  await open.gets(3)
  proxy.refuse()
  expect(await client(proxy).send('two').ends()).toBe('ECONNRESET')
  await until(() => proxy.connections === 1)
  expect(await open.send('three').gets(8)).toBe('onethree')
  proxy.accept()
  expect(await client(proxy).send('four').gets(4)).toBe('four')
})

test('stall() forwards nothing on old and new connections until resume(), which forwards what waited', async () => {
  const target = await server()
  const proxy = await proxyBefore(target)
  const old = client(proxy).send('one')
  await old.gets(3)
  const gone = client(proxy).send('one')
  await gone.gets(3)
  proxy.stall()
  const fresh = client(proxy).send('fresh')
  fresh.socket.end()
  old.send('two')
  target.sockets[0]?.write('three')
  gone.socket.resetAndDestroy()
  await target.socket(2)
  const direct = client(target)
  for (let length = 1; length <= 20; length++) await direct.send('x').gets(length)
  expect(target.sockets.map(({ bytesRead }) => bytesRead)).toEqual([3, 3, 0, 20])
  expect([old.text, fresh.text, fresh.end, target.sockets[1]?.destroyed]).toEqual(['one', '', undefined, false])
  proxy.resume()
  expect(await old.gets(11)).toBe('onethreetwo')
  expect(await fresh.ends()).toBe('complete')
  expect(fresh.text).toBe('fresh')
  await until(() => proxy.connections === 1)
  expect(target.sockets[1]?.errored).toMatchObject({ code: 'ECONNRESET' })
})

test('delayMs delays bytes in each direction and keeps their order, even if it is lowered', async () => {
  fakeClock()
  const target = await server()
  const proxy = await proxyBefore(target)
  const one = client(proxy)
  const socket = await target.socket(0)
  await one.send('a').gets(1)
  const timing = jest.spyOn(globalThis, 'setTimeout')
  /** Resolves once the proxy has received it: it sets a timer for each read. */
  const send = async (text: string): Promise<void> => {
    const { length } = timing.mock.calls
    one.send(text)
    await until(() => timing.mock.calls.length > length)
  }
  /** Fails unless, this much later, this much has arrived at the target and back, and bytes wait in this many directions. */
  const after = async (ms: number, ...expected: [sent: number, back: string, directions: number]): Promise<void> => {
    jest.advanceTimersByTime(ms)
    const state = (): typeof expected => [socket.bytesRead, one.text, jest.getTimerCount()]
    await until(() => String(state()) === String(expected))
    await settled(() => socket.bytesRead + one.text.length)
    expect(state()).toEqual(expected)
  }
  proxy.delayMs = 1_000
  await send('b')
  await after(600, 1, 'a', 1)
  await send('c')
  proxy.delayMs = 500
  await send('d')
  await after(390, 1, 'a', 1)
  // 'b' is there after 1000 ms, and back 500 ms later.
  await after(20, 2, 'a', 2)
  await after(480, 2, 'a', 2)
  await after(20, 2, 'ab', 1)
  // 'd' was due at 1100 ms, but 'c' before it is on its way until 1600.
  await after(80, 2, 'ab', 1)
  await after(20, 4, 'ab', 1)
  await after(520, 4, 'abcd', 0)
})

test('cutReplyAfter() ends one connection after exactly that many bytes of replies', async () => {
  const target = await server()
  const proxy = await proxyBefore(target)
  const [first, second] = [client(proxy).send('12345'), client(proxy).send('abcde')]
  await Promise.all([first.gets(5), second.gets(5)])
  const done = proxy.cutReplyAfter(7)
  expect(await first.send('67890').gets(10)).toBe('1234567890')
  expect(await second.send('f').gets(6)).toBe('abcdef')
  first.send('xyz')
  await done
  expect(await first.ends()).toBe('complete')
  expect(first.text).toBe('1234567890xy')
  await until(() => proxy.connections === 1)
  expect(await second.send('ghijklmnopq').gets(17)).toBe('abcdefghijklmnopq')
})

test('cutReplyAfter() affects only a connection that its predicate selects', async () => {
  const proxy = await proxyBefore(await server())
  const done = proxy.cutReplyAfter(1, ({ sent }) => sent.includes('me'))
  const [other, meant] = [client(proxy).send('not him'), client(proxy).send('it is ')]
  expect([await other.gets(7), await meant.gets(6)]).toEqual(['not him', 'it is '])
  meant.send('me')
  await done
  expect(await meant.ends()).toBe('complete')
  expect(meant.text).toBe('it is m')
})

test('cutReplyAfter() delivers all bytes to a slow client, and then closes the target’s connection', async () => {
  // It always has more to send: otherwise the kernel may accept all of it, and the target would not notice the end.
  const target = await server((socket) => {
    const block = Buffer.alloc(1024 * 1024)
    const write = (): void => {
      while (socket.write(block));
    }
    socket.resume().on('drain', write)
    write()
  })
  const proxy = await proxyBefore(target)
  const done = proxy.cutReplyAfter(16 * 1024 * 1024 + 1)
  const { socket } = client(proxy)
  socket.end()
  let bytes = 0
  socket.removeAllListeners('data').on('data', async ({ length }) => {
    bytes += length
    // So that the proxy always has more than it can hand over.
    socket.pause()
    await turn()
    await turn()
    socket.resume()
  })
  await Promise.all([done, once(socket, 'close')])
  expect(bytes).toBe(16 * 1024 * 1024 + 1)
  await until(() => proxy.connections === 0 && target.sockets[0]?.destroyed === true)
})

test('discardReplies() drops replies on the connections that its predicate selects, until passReplies()', async () => {
  const target = await server()
  const proxy = await proxyBefore(target)
  const [meant, other] = [client(proxy).send('me'), client(proxy).send('you')]
  await Promise.all([meant.gets(2), other.gets(3)])
  proxy.discardReplies(({ sent }) => sent.startsWith('me'))
  meant.send('lost')
  await until(() => proxy.discardedBytes === 4)
  expect(await other.send('heard').gets(8)).toBe('youheard')
  proxy.discardReplies()
  other.send('lost, too')
  await until(() => proxy.discardedBytes === 13)
  proxy.passReplies()
  expect(await meant.send('heard').gets(7)).toBe('meheard')
  expect(await other.send('!').gets(9)).toBe('youheard!')
})

test('retarget() forwards new connections to another target, and leaves open ones alone', async () => {
  const proxy = await proxyBefore(await server())
  const open = client(proxy).send('one')
  await open.gets(3)
  proxy.retarget((await named('other')).port)
  expect(await client(proxy).gets(5)).toBe('other')
  expect(await open.send('two').gets(6)).toBe('onetwo')
})

test('several targets take turns; those that are down are skipped, and with none left clients are reset', async () => {
  const targets = [await named('1'), await named('2'), await named('3')]
  const proxy = await proxyBefore(...targets.map(({ port }) => ({ port })))
  const names = async (): Promise<string[]> => {
    const all: string[] = []
    for (let count = 0; count < 6; count++) all.push(await client(proxy).gets(1))
    return all
  }
  expect(await names()).toEqual(['1', '2', '3', '1', '2', '3'])
  await targets[1]?.close()
  expect(await names()).toEqual(['1', '3', '1', '3', '1', '3'])
  await targets[0]?.close()
  await targets[2]?.close()
  const { connections } = proxy
  expect(await client(proxy).ends()).toBe('ECONNRESET')
  await until(() => proxy.connections === connections)
})

test('close() resets connections and refuses new ones, and can be called twice', async () => {
  const proxy = await proxyBefore(await server())
  const open = client(proxy).send('one')
  await open.gets(3)
  const { port } = proxy
  await Promise.all([proxy.close(), proxy.close()])
  expect(await open.ends()).toBe('ECONNRESET')
  expect(await client({ port }).ends()).toBe('ECONNREFUSED')
})

test('in front of Redis, cutReplyAfter(0) drops the reply of a command that was carried out', async () => {
  const redis = await RedisServer.start()
  closers.push(() => redis.stop())
  const proxy = await proxyBefore(redis)
  const done = proxy.cutReplyAfter(0)
  const one = client(proxy).send('INCR counter\r\n')
  await done
  await one.ends()
  expect(one.text).toBe('')
  expect(await askRedis(`redis://127.0.0.1:${proxy.port}`, ['INCR', 'counter'])).toBe('2')
})

test('in front of Redis, discardReplies() loses Pub/Sub messages, and no commands', async () => {
  const redis = await RedisServer.start()
  closers.push(() => redis.stop())
  const proxy = await proxyBefore(redis)
  const subscriber = client(proxy).send('SUBSCRIBE news\r\n')
  const subscribed = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n'
  expect(await subscriber.gets(subscribed.length)).toBe(subscribed)
  proxy.discardReplies(({ sent }) => sent.includes('SUBSCRIBE'))
  const commands = client(proxy).send('PUBLISH news lost\r\n')
  expect(await commands.gets(4)).toBe(':1\r\n')
  await until(() => proxy.discardedBytes > 0)
  proxy.passReplies()
  commands.send('PUBLISH news heard\r\n')
  const message = '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nheard\r\n'
  expect(await subscriber.gets(subscribed.length + message.length)).toBe(subscribed + message)
})

test('in front of Redis, connections are reset when Redis is killed, and work again after its restart', async () => {
  const redis = await RedisServer.start()
  closers.push(() => redis.stop())
  const proxy = await proxyBefore(redis)
  const url = `redis://127.0.0.1:${proxy.port}`
  await askRedis(url, ['SET', 'name', 'value'])
  const open = client(proxy).send('PING\r\n')
  await open.gets(7)
  await redis.kill()
  await open.ends()
  expect(await client(proxy).ends()).toBe('ECONNRESET')
  await redis.restart()
  expect(await askRedis(url, ['GET', 'name'])).toBe('value')
})
