import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { MessageEvent } from '@nestjs/common'
import { SseManager, sse } from '@ssekit/express-sse'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import express from 'express'
import { concat, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { fromObservable } from '../src/from-observable.js'

let observable: Observable<MessageEvent>
let errors: string[]
let manager: SseManager
let server: Server
let url: string

beforeEach(async () => {
  errors = []
  manager = new SseManager({ maxBufferedBytes: 1_000, onError: (error) => errors.push(String(error)) })
  const app = express().use(sse({ manager }))
  app.get('/', (_req, res) => res.sse(fromObservable(observable)))
  app.use(((error, _req, res, _next) => {
    if (!res.headersSent) res.status(500).send(error.message)
  }) satisfies express.ErrorRequestHandler)
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  await manager.close()
  server.closeAllConnections()
  server.close()
})

describe('fromObservable()', () => {
  test('sends the events of Nest with all their fields, and ends the stream when the Observable completes', async () => {
    observable = of({ type: 'order', id: '7', retry: 500, data: { a: 1 } }, { data: 'two\nlines' }, { comment: 'c' })
    const reader = await readEvents(url)
    expect(await reader.end()).toBe('complete')
    expect(reader.text).toBe(
      'retry: 2000\n\nid: 7\nevent: order\nretry: 500\ndata: {"a":1}\n\ndata: two\ndata: lines\n\n: c\n\n',
    )
  })

  test('sends the response headers before the first event, and unsubscribes when the client disconnects', async () => {
    const subject = new Subject<MessageEvent>()
    observable = subject
    const reader = await readEvents(url)
    expect(subject.observed).toBe(true)
    subject.next({ data: 'live' })
    expect((await reader.take(1)).map(({ data }) => data)).toEqual(['live'])
    reader.abort()
    await becomes(() => !subject.observed)
    expect(errors).toEqual([])
  })

  test('an Observable that fails at once is answered with an error response', async () => {
    observable = throwError(() => new Error('no prices'))
    const response = await fetch(url)
    expect([response.status, await response.text()]).toEqual([500, 'no prices'])
  })

  test('an Observable that fails later ends the stream after what it emitted, and the error is reported', async () => {
    observable = concat(
      of({ data: 'before' }),
      throwError(() => new Error('boom')),
    )
    const reader = await readEvents(url)
    expect(await reader.end()).toBe('complete')
    expect(reader.text).toBe('retry: 2000\n\ndata: before\n\n')
    expect(errors).toEqual(['Error: boom'])
  })

  test('an event that cannot be written ends the stream and the subscription', async () => {
    const subject = new Subject<MessageEvent>()
    observable = subject
    const reader = await readEvents(url)
    subject.next({ type: 'two\nlines', data: '' })
    await reader.end()
    expect(subject.observed).toBe(false)
    expect(errors).toEqual([expect.stringContaining('event')])
  })

  test('a client that does not read fast enough is disconnected, and the subscription ends', async () => {
    const subject = new Subject<MessageEvent>()
    observable = concat(subject, NEVER)
    const reader: EventReader = await readEvents(url)
    for (let i = 0; i < 1_000 && subject.observed; i++) subject.next({ data: 'x'.repeat(10_000) })
    expect(subject.observed).toBe(false)
    expect(await reader.ended).toBe('cut')
    expect(manager.stats().closed.slow).toBe(1)
  })

  test('an Observable that emits more at once than may wait is unsubscribed in the middle', async () => {
    let emitted = 0
    observable = new Observable((subscriber) => {
      for (; emitted < 1_000 && !subscriber.closed; emitted++) subscriber.next({ data: 'x'.repeat(10_000) })
    })
    await fetch(url).catch(() => {})
    expect(emitted).toBeLessThan(1_000)
    expect(manager.stats().closed.slow).toBe(1)
  })
})

async function becomes(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
