import { createServer, type RequestListener } from 'node:http'
import { expect, test } from '@jest/globals'
import { type ParseUntil, type ReceivedEvent, sseParser } from '@ssekit/sse-testkit'
import request from 'supertest'

function ask(listener: RequestListener, until?: ParseUntil): request.Test {
  return request(createServer(listener)).get('/').buffer(true).parse(sseParser(until))
}

test('the body is the events of a stream that ends', async () => {
  const { body, status } = await ask((_req, res) => void res.end('data: 1\n\nevent: two\nid: 2\ndata: 2\n\n'))
  expect(status).toBe(200)
  expect(body).toEqual([
    { event: 'message', data: '1', id: undefined },
    { event: 'two', data: '2', id: '2' },
  ])
})

test('after so many events it leaves, and the server sees it', async () => {
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

test('a condition may say when it is enough', async () => {
  const { body } = await ask(
    (_req, res) => void res.write('data: 1\n\nevent: done\ndata: 2\n\n'),
    ({ event }) => event === 'done',
  )
  expect(body).toHaveLength(2)
})

test('what a condition throws fails the request, and the response is left', async () => {
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

test('no events at all are enough as soon as the head is there', async () => {
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

test.each([-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])('%d is no number of events', (until) => {
  expect(() => sseParser(until)).toThrow(RangeError)
})

test('characters that are cut by the border of two chunks stay whole', async () => {
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

test('a stream that is torn off fails the request', async () => {
  await expect(
    ask((_req, res) => {
      res.write('data: 1\n\n')
      setTimeout(() => res.destroy(), 5)
    }),
  ).rejects.toThrow()
})
