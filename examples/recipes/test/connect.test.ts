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

/** What was asked of `/events`: the path, with its last event id. */
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
  // Until it has the id of its place there is nothing that it could miss.
  await until(() => places === 1 && channel.subscriberCount === 1)
})

afterEach(() => page.close())

test('a page hears the types that it asked for, under an address of its own site', async () => {
  await channel.broadcast('one')
  await channel.broadcast({ event: 'order', data: 'two' })
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'order: two'])
  expect(asked()).toEqual(['/app/events'])
})

test('a stream that breaks off is resumed by the EventSource alone', async () => {
  await channel.broadcast('one')
  await until(() => seen.length === 1)
  server.cut()
  await channel.broadcast('two')
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: one', 'message: two'])
  expect(asked()).toHaveLength(2)
})

/** Lets the EventSource give up on a status, and says what is to happen meanwhile. */
async function away(status: number, meanwhile: () => Promise<unknown>): Promise<void> {
  const before = asked().length
  server.answer = refusing(status)
  server.cut()
  await until(() => asked().length > before + 2)
  await meanwhile()
  server.answer = streaming(channel)
}

test.each([502, 503, 429])('after a %i the page comes back, and has missed nothing', async (status) => {
  await away(status, () => channel.broadcast({ event: 'order', data: 'one' }))
  await until(() => seen.length === 1)
  await away(status, () => channel.broadcast('two'))
  await until(() => seen.length === 2)
  expect(seen).toEqual(['order: one', 'message: two'])
})

test('a page is told of a gap once, though it hears nothing of what follows it', async () => {
  await away(502, async () => {
    for (let i = 0; i < 3; i++) await channel.broadcast({ event: 'other', data: '' })
  })
  await until(() => seen.length === 1)
  await away(502, async () => {})
  const before = asked().length
  // First it asks, then it comes.
  await until(() => asked().length === before + 2 && channel.subscriberCount === 1)
  await channel.broadcast('one')
  await until(() => seen.length > 1)
  expect(seen).toEqual(['gap', 'message: one'])
})

test('at the end of the channel the page is told, and asks no more', async () => {
  await channel.end('last')
  await until(() => seen.length === 2)
  expect(seen).toEqual(['message: last', 'end: 204'])
  // The stream, the EventSource's own return, and the question why it gave up.
  expect(asked()).toHaveLength(3)
})

test.each([401, 403, 404])('a %i is an answer, and the page asks no more', async (status) => {
  server.answer = refusing(status)
  server.cut()
  await until(() => seen.length === 1)
  expect(seen).toEqual([`end: ${status}`])
  expect(asked()).toHaveLength(3)
})

/** From now on the page's timers run when the test says so. */
async function stopTime(): Promise<void> {
  await page.clock.install({ time: 0 })
  await page.clock.pauseAt(1_000)
}

async function closeIt(): Promise<void> {
  await page.evaluate(() => Reflect.get(window, 'stop')())
}

/** Has the page ask for something else, which it gets behind what it knows already. */
async function askForElse(): Promise<void> {
  await page.evaluate(async () => void (await fetch('/else')))
}

test('a page that has closed it asks no more, not even what it was about to ask', async () => {
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

test('a page that has closed it while it waits asks no more', async () => {
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
