import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import type { Browser, Page } from 'playwright-core'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { until } from '../../from-python/test/serving.js'
import { type ChangingServer, refusing, serveChanging, streaming } from './changing-server.js'

const PAGE = `<!doctype html><script>
  window.EventSource = class extends EventSource {
    constructor(...args) {
      super(...args)
      this.addEventListener('sse-checkpoint', () => hasPlace())
    }
  }
</script><script type="module">
  import { connect } from './connect.js'
  window.stop = connect('events', {
    events: ['message', 'order'],
    onEvent: ({ type, data }) => tell(type + ': ' + data),
    onGap: () => tell('gap'),
    onEnd: (status) => tell('end: ' + status),
    retryMs: 1,
  })
</script>`

let browser: Browser
let page: Page
let channel: SseChannel
let server: ChangingServer
let seen: string[]
let places: number

beforeAll(async () => {
  browser = await startChromium()
})

afterAll(() => browser.close())

/** The requests for `/events`: their paths, with the last event id in the query. */
function asked(): string[] {
  return server.requests.flatMap(({ url = '' }) => (url.includes('/events') ? [url] : []))
}

beforeEach(async () => {
  seen = []
  places = 0
  channel = new SseChannel('news', { history: { maxEvents: 2 } })
  server = await serveChanging(streaming(channel))
  const script = await readFile(new URL('../dist/client/connect.js', import.meta.url), 'utf8')
  page = await browser.newPage()
  await page.route('**/app/', (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
  await page.route('**/connect.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }))
  await page.exposeFunction('tell', (what: string) => seen.push(what))
  await page.exposeFunction('hasPlace', () => {
    places += 1
  })
  await page.goto(`${server.url}/app/`)
  // Only a page that has an id can miss events.
  await until(() => places === 1 && channel.subscriberCount === 1)
})

afterEach(() => page.close())

test('connect() passes on the event types that were asked for, and resolves a relative URL', async () => {
  await channel.broadcast('one')
  await channel.broadcast({ event: 'order', data: 'two' })
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'order: two'])
  expect(asked()).toEqual(['/app/events'])
})

test('connect() leaves it to the EventSource to resume a broken stream', async () => {
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  server.cut()
  await channel.broadcast('two')
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'message: two'])
  expect(asked()).toHaveLength(2)
})

/** Makes the EventSource close because of a status; calls `meanwhile` before the server streams again. */
async function away(status: number, meanwhile: () => Promise<unknown>): Promise<void> {
  const before = asked().length
  server.answer = refusing(status)
  server.cut()
  await until(() => asked().length > before + 2)
  await meanwhile()
  server.answer = streaming(channel)
}

test.each([502, 503, 429])('connect() reconnects after a %i and misses no event', async (status) => {
  await away(status, () => channel.broadcast({ event: 'order', data: 'one' }))
  await until(() => seen.length === 1)
  await away(status, () => channel.broadcast('two'))
  await until(() => seen.length === 2)
  expect(seen).toEqual(['order: one', 'message: two'])
})

test('connect() reports a gap once, even if no event that the page asked for follows it', async () => {
  await away(502, async () => {
    for (let i = 0; i < 3; i++) await channel.broadcast({ event: 'other', data: '' })
  })
  await until(() => seen.length === 1)
  await away(502, async () => {})
  const before = asked().length
  // One request asks for the status, the next one streams.
  await until(() => asked().length === before + 2 && channel.subscriberCount === 1)
  await channel.broadcast('one')
  await until(() => seen.length > 1)
  expect(seen).toEqual(['gap', 'message: one'])
})

test('connect() reports the end of the channel, and sends no more requests', async () => {
  await channel.end('last')
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: last', 'end: 204'])
  // The stream, the reconnect of the EventSource, and the request that finds out why it closed.
  expect(asked()).toHaveLength(3)
})

test.each([401, 403, 404])('connect() reports a %i as the end, and sends no more requests', async (status) => {
  server.answer = refusing(status)
  server.cut()
  await until(() => seen.length === 1)
  expect(seen).toEqual([`end: ${status}`])
  expect(asked()).toHaveLength(3)
})

/** From now on the test controls the page's timers. */
async function stopTime(): Promise<void> {
  await page.clock.install({ time: 0 })
  await page.clock.pauseAt(1_000)
}

async function closeIt(): Promise<void> {
  await page.evaluate(() => Reflect.get(window, 'stop')())
}

/** Sends another request from the page. When it is answered, the page has handled all earlier responses. */
async function askForElse(): Promise<void> {
  await page.evaluate(async () => void (await fetch('/else')))
}

test('connect() sends no more requests after the page has closed it during one', async () => {
  await stopTime()
  const held: ServerResponse[] = []
  server.answer = (req, res) => {
    if (asked().length === 3 && req.url?.includes('/events')) held.push(res)
    else refusing(502)(req, res)
  }
  server.cut()
  while (held.length === 0) await page.clock.runFor(1_000)
  await closeIt()
  await until(() => held[0]?.closed === true)
  await askForElse()
  await page.clock.runFor(60_000)
  await askForElse()
  expect(asked()).toHaveLength(3)
  expect(seen).toEqual([])
})

test('connect() sends no more requests after the page has closed it while it waits to reconnect', async () => {
  await stopTime()
  server.answer = refusing(502)
  server.cut()
  await until(() => asked().length === 2)
  await askForElse()
  await closeIt()
  await page.clock.runFor(60_000)
  await askForElse()
  expect(asked()).toHaveLength(2)
})
