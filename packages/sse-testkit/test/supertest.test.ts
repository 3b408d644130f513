import { createServer, type RequestListener } from 'node:http'
import { expect, test } from '@jest/globals'
import { type ParseUntil, type ReceivedEvent, sseParser } from '@ssekit/sse-testkit'
import request from 'supertest'

function ask(listener: RequestListener, until?: ParseUntil): request.Test {
  return request(createServer(listener)).get('/').buffer(true).parse(sseParser(until))
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
