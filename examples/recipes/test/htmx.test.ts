import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import type { Browser } from 'playwright-core'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { until } from '../../from-python/test/serving.js'
import { refusing, serveChanging, streaming } from './changing-server.js'

const require = createRequire(import.meta.url)
const reconnecting = require
  .resolve('reconnecting-eventsource')
  .replace(/build.*/, 'dist/ReconnectingEventSource.min.js')

const pages = [
  [
    'htmx-2',
    {
      'htmx.js': require.resolve('htmx.org/dist/htmx.js'),
      'sse.js': require.resolve('htmx-ext-sse/sse.js'),
      'ReconnectingEventSource.min.js': reconnecting,
    },
  ],
  [
    'htmx-4',
    { 'htmx.js': require.resolve('htmx4/dist/htmx.js'), 'hx-sse.js': require.resolve('htmx4/dist/ext/hx-sse.js') },
  ],
] as const

let browser: Browser

beforeAll(async () => {
  browser = await startChromium()
})

afterAll(() => browser.close())

test.each(pages)('%s shows each event once, resumes after a 502, and closes on a done event', async (name, scripts) => {
  const html = await readFile(new URL(`../src/client/${name}.html`, import.meta.url), 'utf8')
  const channel = new SseChannel('job')
  const server = await serveChanging(streaming(channel))
  const asked = (): string[] =>
    server.requests
      .map(({ url, headers }) => `${url} ${headers['last-event-id']}`)
      .filter((path) => path.startsWith('/jobs'))
  const page = await browser.newPage()
  await page.clock.install()
  await page.route('**/app/', (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${html}` }))
  for (const [file, path] of Object.entries(scripts))
    await page.route(`**/lib/${file}`, (route) => route.fulfill({ path }))
  const shows = async (text: string): Promise<void> => {
    await page.locator('ul', { hasText: new RegExp(`^${text}$`) }).waitFor()
  }

  await page.goto(`${server.url}/app/`)
  await until(() => channel.subscriberCount === 1)
  const lastEventId = await channel.broadcast('<li>one</li>')
  await shows('one')
  server.answer = refusing(502)
  server.cut()
  await until(() => asked().length === 2)
  await channel.broadcast('<li>two</li>')
  server.answer = streaming(channel)
  await shows('onetwo')
  expect(asked().at(-1)).toContain(lastEventId)
  const requests = asked().length
  await channel.end({ event: 'done', data: '' })
  await until(() => channel.subscriberCount === 0)
  // Longer than either would wait before it reconnects. What it would request then comes before this request.
  await page.clock.runFor(60_000)
  await page.evaluate(() => fetch('/app/last'))
  await until(() => server.requests.some(({ url }) => url === '/app/last'))
  expect(asked()).toHaveLength(requests)
})
