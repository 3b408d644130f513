import { createServer, type RequestListener } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { sseManager } from '@ssekit/sse-core'
import type { Browser } from 'playwright-core'
import { StreamPage, startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { listen } from '../../../packages/sse-testkit/test/network/listen.js'
import { handler as express } from '../cors/express.mjs'
import { handler as fastify } from '../cors/fastify.mjs'
import { handler as http } from '../cors/http.mjs'
import { handler as koa } from '../cors/koa.mjs'

let browser: Browser
let page: StreamPage
beforeAll(async () => {
  browser = await startChromium()
})
afterAll(() => browser.close())
afterEach(() => page.leave())

describe.each<[string, RequestListener]>([
  ['node:http', http],
  ['Express', express],
  ['Fastify', fastify],
  ['Koa', koa],
])('the CORS example of %s', (_name, handler) => {
  test('lets a page of the allowed origin stream with its cookies, and resume without a preflight', async () => {
    const asked: unknown[] = []
    const server = createServer(handler)
    server.prependListener('request', ({ method, headers }, res) => {
      asked.push({ method, origin: headers.origin, cookie: headers.cookie, lastEventId: headers['last-event-id'] })
      res.setHeader('Set-Cookie', 'session=7')
    })
    // Another port is another origin, but the same site, whose cookies are sent.
    const url = (await listen(server)).replace('127.0.0.1', 'localhost')
    const origin = 'http://localhost:5173'
    page = await StreamPage.open(browser)
    await page.visit(origin)
    const stream = await page.stream(`${url}/events`, { withCredentials: true })
    await stream.until(({ opens }) => opens === 1)
    const news = sseManager.getOrCreate('news')
    const id = await news.broadcast('heard')
    await stream.until(({ data }) => data.length === 1)
    server.closeAllConnections()
    await news.broadcast('missed')
    await stream.until(({ data }) => data.length === 2)
    expect(stream.data).toEqual(['heard', 'missed'])
    expect(asked).toEqual([
      { method: 'GET', origin },
      { method: 'GET', origin, cookie: 'session=7', lastEventId: id },
    ])
  })

  test('makes an EventSource of any other origin close', async () => {
    const url = await listen(createServer(handler))
    page = await StreamPage.open(browser)
    await page.visit('http://localhost:5174')
    const stream = await page.stream(`${url}/events`, { withCredentials: true })
    await stream.until(({ isClosed }) => isClosed)
    expect(stream.happenings).toEqual(['error'])
  })
})
