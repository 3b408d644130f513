import { createServer, type RequestListener } from 'node:http'
import { expect, test } from '@jest/globals'
import { type ParseOptions, type ParseUntil, type ReceivedEvent, sseParser } from '@ssekit/sse-testkit'
import request from 'supertest'

function ask(listener: RequestListener, until?: ParseUntil, options?: ParseOptions): request.Test {
  return request(createServer(listener)).get('/').buffer(true).parse(sseParser(until, options))
}

test('sseParser() without an argument returns all events of a stream that ends', async () => {
  const { body, status } = await ask((_req, res) => void res.end('data: 1\n\nevent: two\nid: 2\ndata: 2\n\n'))
  expect(status).toBe(200)
  expect(body).toEqual([
    { event: 'message', data: '1', id: undefined },
    { event: 'two', data: '2', id: '2' },
  ])
})

test('sseParser(count) disconnects after that many events', async () => {
  let left: Promise<void> | undefined
  const { body } = await ask((_req, res) => {
    left = new Promise((resolve) => {
      res.on('close', resolve)
    })
    res.write('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  }, 2)
  expect((body as ReceivedEvent[]).map(({ data }) => data)).toEqual(['1', '2'])
  await left
})

test('sseParser(condition) stops at the first event for which the condition holds', async () => {
  const { body } = await ask(
    (_req, res) => void res.write('data: 1\n\nevent: done\ndata: 2\n\n'),
    ({ event }) => event === 'done',
  )
  expect(body).toHaveLength(2)
})

test('an error thrown by the condition fails the request and disconnects', async () => {
  const mistake = new Error('no such field')
  let left: Promise<void> | undefined
  const asked = ask(
    (_req, res) => {
      left = new Promise((resolve) => {
        res.on('close', resolve)
      })
      res.write('data: 1\n\n')
    },
    () => {
      throw mistake
    },
  )
  await expect(asked).rejects.toBe(mistake)
  await left
})

test('sseParser(0) disconnects once the response headers have arrived', async () => {
  let left: Promise<void> | undefined
  const { body, status } = await ask((_req, res) => {
    left = new Promise((resolve) => {
      res.on('close', resolve)
    })
    res.writeHead(201).flushHeaders()
  }, 0)
  expect([status, body]).toEqual([201, []])
  await left
})

test.each([-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])('sseParser(%d) throws a RangeError', (until) => {
  expect(() => sseParser(until)).toThrow(RangeError)
})

test('sseParser() joins characters that are split between chunks', async () => {
  const { body } = await ask((_req, res) => {
    const bytes = [...Buffer.from('data: €\n\n')]
    const next = (): void => {
      const byte = bytes.shift()
      if (byte === undefined) res.end()
      else res.write(Buffer.of(byte), next)
    }
    next()
  })
  expect(body).toMatchObject([{ data: '€' }])
})

test('a stream that breaks off fails the request', async () => {
  await expect(
    ask((_req, res) => {
      res.write('data: 1\n\n')
      setTimeout(() => res.destroy(), 5)
    }),
  ).rejects.toThrow()
})

test('sseParser() fails the request after timeoutMs, reports what arrived, and disconnects', async () => {
  let left: Promise<void> | undefined
  const asked = ask(
    (_req, res) => {
      left = new Promise((resolve) => {
        res.on('close', resolve)
      })
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).write('data: 1\n\n')
    },
    3,
    { timeoutMs: 200 },
  )
  const error: Error = await asked.then(
    () => new Error('it resolved'),
    (reason) => reason,
  )
  expect(error.message).toBe(
    'waited for 3 events, got 1, then 200 ms passed; HTTP 200 text/event-stream; received "data: 1\\n\\n"',
  )
  expect(error.stack).toMatch(/\n.*supertest\.test\.ts/)
  await left
})

test.each([
  [undefined, 'the end'],
  [() => false, 'a certain event'],
])('sseParser(%p) says that it waited for %s', async (until, what) => {
  const asked = ask((_req, res) => res.flushHeaders(), until, { timeoutMs: 200 })
  await expect(asked).rejects.toThrow(`waited for ${what}, got 0 events, then 200 ms passed; HTTP 200; received ""`)
})

test('the time limit of sseParser() does not outlast its request', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  await ask((_req, res) => void res.end('data: 1\n\n'), 1, { timeoutMs: 600_000 })
  await ask((_req, res) => void res.end('data: 1\n\n'), undefined, { timeoutMs: 600_000 })
  await expect(
    ask((_req, res) => void res.write('data: 1\n\n', () => res.destroy()), 2, { timeoutMs: 600_000 }),
  ).rejects.toThrow()
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(before)
})

test.each([undefined, 0, 2])('sseParser(%p) leaves a response that is no event stream as it is', async (until) => {
  const problem = await ask(
    (_req, res) => void res.writeHead(500, { 'content-type': 'text/plain' }).end('€ failed'),
    until,
  )
  expect([problem.status, problem.text, problem.body]).toEqual([500, '€ failed', {}])
  const json = await ask(
    (_req, res) => void res.writeHead(401, { 'content-type': 'application/json; charset=utf-8' }).end('{"who":"you"}'),
    until,
  )
  expect([json.status, json.text, json.body]).toEqual([401, '{"who":"you"}', { who: 'you' }])
  const redirect = await ask(
    (_req, res) => void res.writeHead(302, { location: '/', 'content-type': 'text/html' }).end(),
    until,
  )
  expect([redirect.status, redirect.text, redirect.body]).toEqual([302, '', {}])
})

test('sseParser() hands on the text of a response that is not the JSON it says it is', async () => {
  const { status, text, body } = await ask(
    (_req, res) => void res.writeHead(500, { 'content-type': 'application/problem+json' }).end('oops'),
  )
  expect([status, text, body]).toEqual([500, 'oops', {}])
})

test('sseParser() sets the text of an event stream too', async () => {
  const { text } = await ask((_req, res) => void res.end(': hello\n\ndata: 1\n\n'))
  expect(text).toBe(': hello\n\ndata: 1\n\n')
})
