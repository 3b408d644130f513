import { once } from 'node:events'
import { connect as connectHttp2, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals'
import { merge, respond, type SseEvent, SseManager } from '@ssekit/sse-core'
import { fakeIntervals } from './fake-time.js'
import { until } from './serving.js'
import { ask, bare, expectOnPage, named, serve, unmade, whole } from './transcript.js'

const GET = ['GET /news HTTP/1.1', 'Host: localhost'] as const

afterEach(() => {
  jest.useRealTimers()
})

afterAll(() => {
  // A transcript on the page that no test makes would become outdated unnoticed.
  expect(unmade()).toEqual([])
})

describe('a channel', () => {
  test('sends a new reader a retry, a checkpoint, then live events', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const wire = await ask(await serve(manager, news), ...GET)
    await wire.received('sse-checkpoint')
    await news.broadcast({ event: 'order', data: { number: 1 } })
    await wire.received('"number":1')
    expectOnPage('fresh', named(whole(wire), news))
  })

  test('sends a reader that reconnects the events that it missed', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const id = await news.broadcast('one')
    await news.broadcast('two')
    await news.broadcast('three')
    const wire = await ask(await serve(manager, news), ...GET, `Last-Event-ID: ${id}`)
    await wire.received('three')
    expectOnPage('resume', named(bare(wire), news))
  })

  test('sends a reader with an unknown id a gap, then every retained event', async () => {
    const manager = new SseManager({ history: { maxEvents: 2 } })
    const news = manager.getOrCreate('news')
    for (const data of ['one', 'two', 'three', 'four']) await news.broadcast(data)
    const wire = await ask(await serve(manager, news), ...GET, 'Last-Event-ID: p9Yd0sTq4mVx.812')
    await wire.received('four')
    expectOnPage('gap', named(bare(wire), news))
  })

  test('sends a reader with an unknown id a gap that says that nothing is retained', async () => {
    const manager = new SseManager({ history: { maxEvents: 0 } })
    const news = manager.getOrCreate('news')
    await news.broadcast('one')
    const wire = await ask(await serve(manager, news), ...GET, 'Last-Event-ID: p9Yd0sTq4mVx.812')
    await wire.received('sse-gap')
    expectOnPage('gap-empty', named(bare(wire), news))
  })

  test('sends a new reader the newest events first if the response has a rewind', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    for (const data of ['one', 'two', 'three']) await news.broadcast(data)
    const wire = await ask(await serve(manager, news, { rewind: 2 }), ...GET)
    await wire.received('three')
    expectOnPage('rewind', named(bare(wire), news))
  })

  test('sends a filtered reader that is idle a checkpoint after the events that it did not get, and a heartbeat', async () => {
    fakeIntervals()
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    let asked = 0
    const filter = ({ event }: SseEvent): boolean => {
      asked += 1
      return event === 'wanted'
    }
    const wire = await ask(await serve(manager, news, { filter }), ...GET)
    await wire.received('sse-checkpoint')
    await news.broadcast({ event: 'other', data: 'not sent' })
    await until(() => asked === 1)
    jest.advanceTimersByTime(15_000)
    await wire.received('heartbeat')
    jest.advanceTimersByTime(15_000)
    await wire.received('heartbeat\n\n\r\nd\r\n: heartbeat')
    expectOnPage('heartbeat', named(bare(wire), news))
  })
})

describe('several channels', () => {
  test('on one stream have an id with the position in each of them', async () => {
    const manager = new SseManager()
    const [news, sports] = [manager.getOrCreate('news'), manager.getOrCreate('sports')]
    const url = await serve(manager, merge(news, sports))
    const wire = await ask(url, ...GET)
    await wire.received('sse-checkpoint')
    await news.broadcast('elections')
    await sports.broadcast('one to nil')
    await wire.received('one to nil')
    expectOnPage('several', named(bare(wire), news, sports))
    const [, id] = /id: (.*)\ndata: elections/.exec(wire.text) ?? []
    const back = await ask(url, ...GET, `Last-Event-ID: ${id}`)
    await back.received('one to nil')
    expectOnPage('several-resume', named(bare(back), news, sports))
  })

  test("on one stream are live only after an event with a publisher's own id", async () => {
    const manager = new SseManager()
    const [news, sports] = [manager.getOrCreate('news'), manager.getOrCreate('sports')]
    await Promise.all([news.broadcast('before'), sports.broadcast('before')])
    const wire = await ask(await serve(manager, merge(news, sports)), ...GET)
    await wire.received('sse-checkpoint')
    // Read before the next event: a publisher's own id does not contain the epoch of the log.
    const before = [news, sports].map(({ lastEventId }) => ({ lastEventId }))
    await news.broadcast({ id: 'article-77', data: 'elections' })
    await sports.broadcast('one to nil')
    await wire.received('one to nil')
    expectOnPage('several-own-id', named(bare(wire), ...before))
  })
})

describe('an end', () => {
  test('of a channel follows its last event, and a client that reconnects gets 204', async () => {
    const manager = new SseManager()
    const job = manager.getOrCreate('job')
    const url = await serve(manager, job)
    const wire = await ask(url, ...GET)
    await wire.received('sse-checkpoint')
    await job.broadcast({ event: 'progress', data: 100 })
    await job.end({ event: 'done', data: '' })
    await wire.received('0\r\n\r\n')
    expectOnPage('end', named(bare(wire), job))
    const back = await ask(url, ...GET, `Last-Event-ID: ${job.lastEventId}`)
    await back.received('\r\n\r\n')
    expectOnPage('end-204', named(bare(back), job))
  })

  test('of a manager sends the remaining events, a last event, and a retry time', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const wire = await ask(await serve(manager, news), ...GET)
    await wire.received('sse-checkpoint')
    await news.broadcast('before')
    await manager.close({ event: { event: 'bye', data: 'restarting' }, retryMs: 4_200 })
    await wire.closed()
    expectOnPage('close', named(bare(wire), news))
  })
})

describe('a client that cannot be served now', () => {
  const withoutJitter = (text: string): string => text.replace(/(retry|Retry-After): \d+/, '$1: …')

  test('gets 200 with a retry time', async () => {
    const wire = await ask(await serve(new SseManager({ maxConnections: 0 }), ['x']), ...GET)
    await wire.received('0\r\n\r\n')
    const [, retry] = /retry: (\d+)\n/.exec(wire.text) ?? []
    expect(Number(retry)).toBeGreaterThanOrEqual(2_000)
    expect(Number(retry)).toBeLessThanOrEqual(8_000)
    expectOnPage('overload-retry', withoutJitter(bare(wire)))
  })

  test("gets 503 with Retry-After if overload is 'reject'", async () => {
    const wire = await ask(await serve(new SseManager({ maxConnections: 0, overload: 'reject' }), ['x']), ...GET)
    await wire.received('\r\n\r\n')
    const [, seconds] = /Retry-After: (\d+)/.exec(wire.text) ?? []
    expect(Number(seconds)).toBeGreaterThanOrEqual(2)
    expect(Number(seconds)).toBeLessThanOrEqual(8)
    expectOnPage('overload-reject', withoutJitter(whole(wire)))
  })
})

describe('a frame', () => {
  const everything = [{ data: 'two\nlines', id: '7', event: 'all', retry: 5_000, comment: 'seen by nobody' }]

  test('has its fields in a fixed order', async () => {
    const wire = await ask(await serve(new SseManager(), everything), ...GET)
    await wire.received('0\r\n\r\n')
    expectOnPage('fields', bare(wire))
  })

  test('has the line endings of eol', async () => {
    const wire = await ask(await serve(new SseManager(), everything, { eol: '\r\n' }), ...GET)
    await wire.received('0\r\n\r\n')
    const [, body = ''] = bare(wire).split('200 OK\n\n')
    expectOnPage('line-endings', body.replaceAll('\r\n', '\\r\\n\n').replaceAll('\\r\\n\n\\r\\n', '\\r\\n\\r\\n'))
  })
})

describe('a response', () => {
  test('over HTTP/1.0 has no chunks, and its connection closes', async () => {
    const wire = await ask(await serve(new SseManager(), ['hello']), 'GET /news HTTP/1.0')
    await wire.closed()
    expectOnPage('http10', whole(wire))
  })

  test('over HTTP/2 has the same bytes in DATA frames, and no Connection header', async () => {
    const server = createServer((req, res) => {
      void respond(req, res, ['hello'])
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const stream = session.request({ ':path': '/news' })
    const [headers] = await once(stream, 'response')
    stream.setEncoding('utf8')
    let body = ''
    for await (const text of stream) body += text
    session.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    const head = Object.entries({ ...headers, date: 'Thu, 01 Jan 2026 12:00:00 GMT' })
    expectOnPage('http2', `${head.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${body}`)
  })

  test('to HEAD has the response headers only', async () => {
    const manager = new SseManager()
    const wire = await ask(await serve(manager, manager.getOrCreate('news')), 'HEAD /news HTTP/1.1', 'Host: localhost')
    await wire.received('\r\n\r\n')
    expectOnPage('head', whole(wire))
  })
})
