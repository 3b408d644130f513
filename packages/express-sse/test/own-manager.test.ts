import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SseManager, sse, sseManager } from '@ssekit/express-sse'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import express from 'express'

const stops: (() => unknown)[] = []
let errors: unknown[]
let own: SseManager

beforeEach(() => {
  errors = []
  own = new SseManager({ maxConnections: 1, onError: (error) => errors.push(error) })
})
afterEach(async () => {
  await own.close({ graceMs: 0 })
  for (const stop of stops.splice(0)) await stop()
})

/** Streams the channel `news` of `own`, with a filter that refuses to say anything of `bad`. */
async function serve(manager?: SseManager): Promise<string> {
  const filter = ({ data }: { readonly data?: unknown }): boolean => {
    if (data === 'bad') throw new Error('not today')
    return true
  }
  const app = express()
  app.use(sse({ manager }))
  app.get('/', (_req, res) => res.sse(own.getOrCreate('news'), { filter }))
  // Express tells of errors by printing them, if nobody else handles them.
  app.use((_error: unknown, _req: express.Request, _res: express.Response, _next: express.NextFunction) => {})
  const server = app.listen(0, '127.0.0.1')
  stops.push(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('sse() without a manager', () => {
  test("counts a channel's streams with the channel's own manager, whose limits and close() hold", async () => {
    const url = await serve()
    const first = await readEvents(url)
    await first.take(1)
    expect(own.stats().connections).toBe(1)
    expect(sseManager.stats().connections).toBe(0)
    const second: EventReader = await readEvents(url)
    expect(await second.end()).toBe('complete')
    expect(second.events).toEqual([])
    expect(own.stats().closed).toEqual({ limit: 1 })
    await own.close({ event: 'bye', retryMs: 77 })
    expect(await first.end()).toBe('complete')
    expect(first.events.at(-1)?.data).toBe('bye')
    expect(first.retries.at(-1)).toBe(77)
  })

  test('tells onError of that manager of errors', async () => {
    const reader = await readEvents(await serve())
    await reader.take(1)
    await own.getOrCreate('news').broadcast('bad')
    await reader.end()
    expect(errors).toEqual([new Error('not today')])
  })
})

test('a manager that sse() is given counts instead', async () => {
  const given = new SseManager()
  const url = await serve(given)
  const readers = await Promise.all([readEvents(url), readEvents(url)])
  for (const reader of readers) await reader.take(1)
  expect([given.stats().connections, own.stats().connections]).toEqual([2, 0])
  await given.close({ event: 'bye' })
  for (const reader of readers) {
    await reader.end()
    expect(reader.events.at(-1)?.data).toBe('bye')
  }
})
