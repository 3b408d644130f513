import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { constants, createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { faults, Http2Client, RawClient } from '@ssekit/sse-testkit'
import { until } from '../../sse-core/test/until.js'

const ours = process.env.SSE_TESTKIT_TIMEOUT_MS
const closers: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listen(server: Pick<Server, 'listen' | 'close' | 'address' | 'on' | 'once'>): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server as Server, 'listening')
  closers.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  closers.push(() => server.closeAllConnections())
  return listen(server)
}

function ending<T extends { destroy(): void }>(client: T): T {
  closers.push(() => client.destroy())
  return client
}

function seen(): { readonly url: Promise<string>; readonly request: Promise<[IncomingMessage, ServerResponse]> } {
  let url: Promise<string> | undefined
  const request = new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
    url = serve((req, res) => {
      res.write('data: 1\n\n')
      resolve([req, res])
    })
  })
  return { url: url as unknown as Promise<string>, request }
}

test('stall() reads the response headers, and then nothing until resume()', async () => {
  let isDone = false
  const url = await serve((_req, res) => {
    const big = Buffer.alloc(16 * 1024 * 1024)
    res.write(big, () => {
      isDone = true
      res.end()
    })
  })
  const client = ending(await faults.stall(url))
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  expect(isDone).toBe(false)
  client.resume()
  expect((await client.whole()).text).toHaveLength(16 * 1024 * 1024)
})

test('trickle() receives every byte', async () => {
  const url = await serve((_req, res) => void res.end('data: 1\n\n'))
  const client = ending(await faults.trickle(url))
  expect((await client.whole()).events).toMatchObject([{ data: '1' }])
})

test('drip() reads exactly the bytes that readBytes() asks for', async () => {
  const url = await serve((_req, res) => void res.end('data: 1\n\ndata: 2\n\n'))
  const client = ending(await faults.drip(url, { version: '1.0' }))
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  expect(client.bytesRead).toBe(0)
  while (client.responses[0]?.text !== 'data: 1\n\nd') await client.readBytes(1)
  const { bytesRead } = client
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  expect(client.bytesRead).toBe(bytesRead)
  await client.readBytes('ata: 2\n'.length)
  expect(client.responses[0]?.text).toBe('data: 1\n\ndata: 2\n')
})

test('vanish() leaves its connection open and reads no more, over HTTP/1 and HTTP/2', async () => {
  const closed: Promise<unknown>[] = []
  const answer = (res: ServerResponse): void => {
    closed.push(once(res, 'close'))
    const fill = (): void => {
      while (res.write(Buffer.alloc(64 * 1024)));
    }
    fill()
    res.on('drain', fill)
  }
  const http1 = createServer((_req, res) => answer(res))
  const http2 = createHttp2((_req, res) => answer(res as unknown as ServerResponse))
  const clients = [
    ending(await faults.vanish(await listen(http1))),
    ending(await faults.vanish(await listen(http2 as unknown as Server), 2)),
  ]
  await expect(Promise.race([...closed, new Promise((resolve) => setImmediate(resolve, 'open'))])).resolves.toBe('open')
  for (const client of clients) client.destroy()
  await Promise.all(closed)
})

test('vanish() rejects if no response arrives', async () => {
  const server = createTcp((socket) => socket.destroy())
  await expect(faults.vanish(await listen(server as unknown as Server))).rejects.toThrow('no response came')
})

test('halfClose() ends its own half of the connection and continues to read', async () => {
  const { url, request } = seen()
  const client = ending(await faults.halfClose(await url))
  const [, res] = await request
  await once(res, 'close')
  await client.closed
  expect(client.responses[0]?.events).toMatchObject([{ data: '1' }])
})

test('reset() resets the connection instead of ending it', async () => {
  const server = createTcp((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  })
  const failed = once(server, 'connection').then(([socket]) => once(socket, 'error'))
  await faults.reset(await listen(server as unknown as Server))
  const [error] = await failed
  expect(error.code).toBe('ECONNRESET')
})

test('resetAfter() reads exactly the given number of bytes and then resets the connection', async () => {
  const server = createTcp((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\ndata: one\n\ndata: two\n\n'))
  })
  const failed = once(server, 'connection').then(([socket]) => once(socket, 'error'))
  const client = await faults.resetAfter(await listen(server as unknown as Server), 34)
  expect((await failed)[0].code).toBe('ECONNRESET')
  expect(client.responses[0]).toMatchObject({ text: 'data: one\n\ndata', events: [{ data: 'one' }] })
})

test('hangUp() disconnects without waiting for the response', async () => {
  const { url, request } = seen()
  ending(await faults.hangUp(await url))
  const [, res] = await request
  await once(res, 'close')
})

test('pipeline() sends all requests at once and separates their responses', async () => {
  const url = await serve((req, res) => void setImmediate(() => res.end(req.url)))
  const client = ending(await faults.pipeline(url, '/1', '/2', '/3'))
  await client.whole(2)
  expect(client.responses.map(({ text }) => text)).toEqual(['/1', '/2', '/3'])
})

test('http10() gets an unchunked HTTP/1.0 response, and head() no body', async () => {
  const url = await serve((req, res) => {
    res.setHeader('x-version', req.httpVersion)
    res.write('one')
    res.end()
  })
  const old = ending(await faults.http10(url))
  await old.closed
  expect(old.responses[0]?.header('x-version')).toEqual(['1.0'])
  expect(old.responses[0]?.header('transfer-encoding')).toEqual([])
  expect(old.responses[0]).toMatchObject({ isComplete: true, text: 'one' })
  expect((await ending(await faults.head(url)).whole()).text).toBe('')
})

test('lastEventId() sends a header for each value, which can be any bytes', async () => {
  const headers: string[][] = []
  const url = await serve((req, res) => {
    headers.push(req.rawHeaders.filter((_, index, all) => all[index - 1] === 'Last-Event-ID'))
    res.end()
  })
  await ending(await faults.lastEventId(url, Buffer.from([0xff, 0xfe]), 'x'.repeat(8_000))).whole()
  expect(headers).toEqual([['\xff\xfe', 'x'.repeat(8_000)]])
})

test('largeHead() sends the given number of bytes of headers', async () => {
  const url = await serve((req, res) => {
    const lines = req.rawHeaders
      .filter((_, index) => index % 2 === 0)
      .map((name, index) => `${name}: ${req.rawHeaders[2 * index + 1]}\r\n`)
    res.end(String(lines.join('').length - 'Host: localhost\r\n'.length))
  })
  expect((await ending(await faults.largeHead(url, 15_000)).whole()).text).toBe('15000')
  expect((await ending(await faults.largeHead(url, 17_000)).whole()).status).toBe(431)
})

test('http2RapidReset() opens and resets the given number of streams', async () => {
  const server = createHttp2()
  let opened = 0
  const reset: number[] = []
  server.on('stream', (stream) => {
    opened += 1
    stream.on('error', () => {})
    stream.on('close', () => reset.push(stream.rstCode))
  })
  ending(await faults.http2RapidReset(await listen(server as unknown as Server), 300))
  await until(() => reset.length >= 300, '300 resets')
  expect([opened, new Set(reset)]).toEqual([300, new Set([constants.NGHTTP2_CANCEL])])
})

test('Http2Client.reset() resets the connection and cuts its streams', async () => {
  const server = createHttp2()
  const failed = once(server, 'sessionError')
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
  })
  const client = ending(new Http2Client(await listen(server as unknown as Server)))
  const reader = await client.open('/')
  client.reset()
  expect((await failed)[0].code).toBe('ECONNRESET')
  expect(await reader.end()).toBe('cut')
})

test('http2Reset() closes its stream after the response headers', async () => {
  const server = createHttp2()
  const reset = once(server, 'stream').then(async ([stream]) => {
    stream.respond({ ':status': 200 })
    await once(stream, 'close')
    return stream.rstCode
  })
  const { client } = await faults.http2Reset(await listen(server as unknown as Server))
  ending(client)
  expect(typeof (await reset)).toBe('number')
})

test('a RawClient that waits reports what it received, and the stack begins in the test', async () => {
  const url = await serve((_req, res) => void res.writeHead(500).end('an error'))
  const client = ending((await RawClient.connect(url, 200)).send({}))
  await client.whole()
  const waits = [
    () => client.response(1),
    () => client.whole(1),
    () => client.until(() => false),
    () => client.readBytes(9),
  ]
  for (const wait of waits) {
    const error: Error = await wait().catch((reason) => reason)
    expect(error.stack).toMatch(
      /^Error: waited for .*, then 200 ms passed; received 500 "an error"\n.*faults\.test\.ts/,
    )
  }
})

describe('a fault whose server', () => {
  const unanswered: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
    stall: faults.stall,
    halfClose: faults.halfClose,
    reset: faults.reset,
    resetAfter: (url) => faults.resetAfter(url, 100),
    vanish: faults.vanish,
    'vanish over HTTP/2': (url) => faults.vanish(url, 2),
    http2Reset: faults.http2Reset,
    http2RapidReset: (url) => faults.http2RapidReset(url, 2),
    'Http2Client.open': (url) => ending(new Http2Client(url)).open('/'),
    'RawClient.connect over TLS': (url) => RawClient.connect(url.replace('http:', 'https:')),
  }
  afterEach(() => {
    process.env.SSE_TESTKIT_TIMEOUT_MS = ours
  })

  test.each(Object.keys(unanswered))('never answers rejects and closes its connection: %s', async (name) => {
    const closed: Promise<unknown>[] = []
    const server = createTcp((socket) => {
      socket.on('error', () => {})
      closed.push(once(socket.resume(), 'close'))
    })
    const url = await listen(server as unknown as Server)
    // Not less: a process that vanishes has to start first.
    process.env.SSE_TESTKIT_TIMEOUT_MS = '500'
    const fault = unanswered[name] as (url: string) => Promise<unknown>
    await expect(fault(url)).rejects.toThrow('500 ms')
    if (name === 'Http2Client.open') return
    await Promise.all(closed)
  })

  test.each(Object.keys(unanswered))('refuses connections rejects: %s', async (name) => {
    const server = createTcp()
    const url = await listen(server as unknown as Server)
    await new Promise((resolve) => server.close(resolve))
    const fault = unanswered[name] as (url: string) => Promise<unknown>
    await expect(fault(url)).rejects.toThrow(/ECONNREFUSED|no response came/)
  })
})

test('a RawClient that waits fails if the response has invalid HTTP framing', async () => {
  for (const bytes of [
    'garbage',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab',
    'HTTP/1.1 204 No Content\r\n\r\nbody',
  ]) {
    const url = await listen(
      createTcp((socket) => {
        socket.once('data', () => socket.end(bytes))
      }) as unknown as Server,
    )
    const client = ending((await RawClient.connect(url)).send({}))
    await expect(client.until(() => false)).rejects.toThrow(/not valid HTTP/)
  }
})
