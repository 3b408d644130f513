import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { isCheckpoint, type ReceivedEvent, readEvents } from '@ssekit/sse-testkit'
import { until } from '../../sse-core/test/until.js'
import { compressingServers } from './clients/compressing-servers.js'
import { npmEventSource } from './clients/event-sources.js'
import { Nginx } from './clients/nginx.js'
import { bareHttp, everyServer } from './clients/servers.js'

const GZIP = 'gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_min_length 0;'

/** Settings of nginx by name; the first are those of Debian. */
const settings = {
  'its default settings': '',
  'HTTP/1.1 to the server': 'proxy_http_version 1.1; proxy_set_header Connection "";',
  'gzip on': 'gzip on;',
  'gzip on for event streams too': GZIP,
}

let manager: SseManager
let closers: (() => unknown)[] = []
beforeEach(() => {
  manager = new SseManager({ retryMs: 20 })
})
afterEach(async () => {
  await manager.close({ graceMs: 0 })
  for (const close of closers.reverse()) await close()
  closers = []
})

/** Puts nginx before a port; ends with the test. */
async function nginxBefore(port: number, locations?: Readonly<Record<string, string>>): Promise<string> {
  const nginx = await Nginx.start(port, locations)
  closers.push(() => nginx.close())
  return nginx.url
}

/** Fails unless the headers arrive before the first event, and each event before the next one is broadcast. */
async function assertAtOnce(url: string, encoding: string | null): Promise<void> {
  const reader = await readEvents(url)
  expect(reader.headers.get('content-encoding')).toBe(encoding)
  // nginx uses this header and does not pass it on.
  expect(reader.headers.get('x-accel-buffering')).toBeNull()
  const news = manager.getOrCreate('news')
  for (const number of ['1', '2', '3', '4', '5']) {
    await news.broadcast(number)
    const event = await reader.next((event) => !isCheckpoint(event))
    expect(event.data).toBe(number)
  }
  reader.abort()
  await until(() => manager.stats().connections === 0, 'the disconnect')
  expect(manager.stats().closed).toEqual({ client: 1 })
}

describe.each(everyServer.filter(({ scheme }) => scheme === 'http'))('nginx before $name', (kind) => {
  test.each(Object.entries(settings))(
    'with %s, each event arrives at once, and a disconnect is detected',
    async (_name, directives) => {
      const server = await kind.start(manager, () => ({ source: manager.getOrCreate('news') }))
      closers.push(() => server.close())
      await assertAtOnce(
        `${await nginxBefore(server.port, { '/': directives })}/events`,
        directives === GZIP ? 'gzip' : null,
      )
    },
  )
})

test('a client that is cut off by the proxy_read_timeout of nginx resumes, and gets each missed event once', async () => {
  const server = await bareHttp.start(manager, () => ({ source: manager.getOrCreate('news') }))
  closers.push(() => server.close())
  // With a shorter timeout, headers that are late on a busy machine would become a 504, and the client would give up.
  const url = await nginxBefore(server.port, { '/': 'proxy_read_timeout 1s;' })
  const client = npmEventSource()
  closers.push(() => client.close())
  const news = manager.getOrCreate('news')
  const stream = await client.open(`${url}/events`)
  await stream.until(({ received }) => received.length === 1)
  for (const round of [1, 2]) {
    await news.broadcast(`received ${round}`)
    await stream.until(({ data }) => data.at(-1) === `received ${round}`)
    const { length } = stream.happenings
    await stream.until(({ happenings }) => happenings.includes('error', length))
    await news.broadcast(`missed ${round}`)
    await stream.until(({ data }) => data.at(-1) === `missed ${round}`)
  }
  await client.leave()
  expect(stream.data).toEqual([1, 2].flatMap((round) => [`received ${round}`, `missed ${round}`]))
  expect(stream.gaps).toEqual([])
})

test('nginx holds events back if it ignores X-Accel-Buffering, and not otherwise', async () => {
  const server = await bareHttp.start(manager, () => ({ source: manager.getOrCreate('news') }))
  closers.push(() => server.close())
  const url = await nginxBefore(server.port, { '/': '', '/held/': 'proxy_ignore_headers X-Accel-Buffering;' })
  const news = manager.getOrCreate('news')
  const isNews = ({ data }: ReceivedEvent): boolean => data !== ''
  let isHeld = true
  const held = readEvents(`${url}/held/events`).then(async (reader) => {
    await reader.take(1, isNews)
    isHeld = false
    return reader
  })
  const passed = await readEvents(`${url}/events`)
  await until(() => news.subscriberCount === 2, 'both clients')
  for (let number = 1; number <= 20; number++) {
    await news.broadcast(String(number))
    await passed.take(1, isNews)
  }
  expect(isHeld).toBe(true)
  await news.end()
  expect((await held).events.at(-1)?.data).toBe('20')
})

describe.each(Object.entries(compressingServers))('nginx before %s', (_name, { encoding, make }) => {
  test.each([
    ['its default settings', '', encoding ?? null],
    ['gzip on for event streams too', GZIP, 'gzip'],
  ])('with %s, each event arrives at once', async (_name, directives, encoded) => {
    const server: Server = await make(manager)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    })
    const { port } = server.address() as AddressInfo
    await assertAtOnce(`${await nginxBefore(port, { '/': directives })}/events`, encoded)
  })
})
