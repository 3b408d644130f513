import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { type RunningDashboard, startDashboard, threePorts } from './running-dashboard.js'

const SERVERS = ['express', 'fastify', 'koa']

let browser: Browser
let dashboard: RunningDashboard
let page: Page
let mistakes: string[]

beforeAll(async () => {
  ;[browser, dashboard] = await Promise.all([startChromium(), startDashboard()])
})

afterAll(async () => {
  await browser?.close()
  await dashboard?.stop()
})

beforeEach(async () => {
  mistakes = []
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(30_000)
  page.on('pageerror', (error) => mistakes.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') mistakes.push(message.text())
  })
})

afterEach(async () => {
  await page.close()
})

async function open(path = ''): Promise<void> {
  await page.goto(dashboard.address + path)
  for (const name of [...SERVERS, 'room']) await isOpen(name)
}

/** Resolves once one of the page's streams is open. */
async function isOpen(name: string): Promise<void> {
  await page.locator(`#${name} .pill[data-state=open]`).waitFor()
}

async function send(text: string, via: string): Promise<void> {
  await page.getByLabel('Text').fill(text)
  await page.getByRole('radio', { name: via }).check()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
}

function message(card: string, text: string): Locator {
  return page.locator(`#${card} .message`, { hasText: text })
}

async function figure(card: string, name: string): Promise<number> {
  return Number(await page.locator(`#${card} [data-figure=${name}]`).textContent())
}

async function portsOf({ address }: RunningDashboard): Promise<Record<string, number>> {
  return (await (await fetch(`${address}/ports`)).json()) as Record<string, number>
}

describe('the dashboard in a browser', () => {
  test('shows a notification on all three servers, whichever server it was sent through', async () => {
    await open()
    for (const via of ['Express', 'Fastify', 'Koa']) {
      await send(`hello through ${via}`, via)
      for (const card of SERVERS) {
        await message(card, `hello through ${via}`).waitFor()
        expect(await message(card, `hello through ${via}`).count()).toBe(1)
        expect(await message(card, `hello through ${via}`).textContent()).toContain(`via ${via}`)
      }
    }
    await page.getByText(/came through all 3 servers/).waitFor()

    await page.getByRole('button', { name: 'Send 20' }).click()
    for (const card of SERVERS) await message(card, '20 of 20').waitFor()
    const newestFirst = ['20 of 20', '19 of 20', '18 of 20', '17 of 20']
    for (const card of SERVERS) expect(await page.locator(`#${card} .text`).allTextContents()).toEqual(newestFirst)
    expect(mistakes).toEqual([])
  })

  test('opens streams on all three servers, shows their last event ids, and sends no request to another host', async () => {
    const hosts = new Set<string>()
    page.on('request', (request) => hosts.add(new URL(request.url()).host))
    await open()
    await page.getByRole('button', { name: 'Start' }).click()
    await isOpen('job')
    const ports = Object.values(await portsOf(dashboard))
    expect([...hosts].sort()).toEqual(ports.map((port) => `127.0.0.1:${port}`).sort())
    expect(await page.locator('.pill[data-state=open]').count()).toBe(5)
    for (const card of SERVERS) {
      const id = page.locator(`#${card} .id`)
      await page.waitForFunction((name) => /~/.test(document.querySelector(`#${name} .id`)?.textContent ?? ''), card)
      const first = await id.textContent()
      await page.waitForFunction(([name, old]) => document.querySelector(`#${name} .id`)?.textContent !== old, [
        card,
        first,
      ] as const)
    }
    expect(await page.locator('#room .id').textContent()).not.toBe('none yet')
  })

  test('continues to show a job after the page is reloaded or its stream is cut, until the job is done', async () => {
    await open()
    await page.getByRole('button', { name: 'Start' }).click()
    const records = page.locator('#job .cell')
    await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) > 0.2)
    const before = await page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)
    await page.reload()
    await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) > 0)
    const after = await page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)
    expect(after).toBeGreaterThanOrEqual(before)
    expect(after).toBeLessThan(1)
    await page.getByRole('button', { name: 'Cut the connection of the job' }).click()
    await page.getByText(/has done all 120 records/).waitFor()
    expect(await page.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1)
    expect(await page.locator('#job .check').textContent()).toMatch(/ 0 missing, 0 twice/)
    expect(await page.locator('#job .cell.before').count()).toBeGreaterThan(20)
    expect(await page.locator('#job .cell.late').count()).toBeGreaterThan(0)
    expect(await page.locator('#job .cell:is(.before, .live, .late)').count()).toBe(await records.count())

    await page.reload()
    await page.getByText(/has done all 120 records/).waitFor()
    expect(mistakes).toEqual([])
  })

  test('shows a message if the job in the address is unknown', async () => {
    await open('/?job=nobody')
    await page.getByText('The server knows no job nobody').waitFor()
    expect(await page.locator('#job .pill').getAttribute('data-state')).toBe('closed')
    expect(await page.getByRole('button', { name: 'Start' }).isEnabled()).toBe(true)
    expect(mistakes).toEqual([])
  })

  test('shows a message in its own room only, whichever server it was sent through', async () => {
    const room = 'attic & cellar/ü'
    await open()
    await page.getByPlaceholder('another room').fill(room)
    await page.getByRole('button', { name: 'Enter' }).click()
    await isOpen('room')
    expect(await page.locator('#room .path').textContent()).toBe(`/rooms/${encodeURIComponent(room)}`)
    await page.getByPlaceholder('Say something').fill('is anybody here?')
    await page.getByRole('button', { name: 'Say' }).click()
    await message('room', 'is anybody here?').waitFor()
    for (const [name, port] of Object.entries(await portsOf(dashboard))) {
      const address = `http://127.0.0.1:${port}/rooms/${encodeURIComponent(room)}`
      const response = await fetch(address, { method: 'POST', body: `${name} is` })
      expect(response.status).toBe(204)
    }
    for (const name of SERVERS) await message('room', `${name} is`).waitFor()

    await page.getByRole('button', { name: 'kitchen' }).click()
    await isOpen('room')
    expect(await page.locator('#room .message').count()).toBe(0)
    const hint = await page.locator('#room ol').evaluate((list) => getComputedStyle(list, '::before').content)
    expect(hint).toBe('"Nobody has spoken yet"')
    await page.getByRole('button', { name: room }).click()
    await message('room', 'koa is').waitFor()
    expect(await page.locator('#room .message .text').allTextContents()).toEqual([
      'is anybody here?',
      ...Object.keys(await portsOf(dashboard)).map((name) => `${name} is`),
    ])
    expect(mistakes).toEqual([])
  })

  test('receives each missed event once after a stream was cut', async () => {
    await open()
    await page.locator('#fastify .cell.live').nth(2).waitFor()
    await page.getByRole('button', { name: 'Cut the connection of fastify' }).click()
    await page.locator('#fastify .pill[data-state=reconnecting]').waitFor()
    await send('while you were away', 'Fastify')
    await message('express', 'while you were away').waitFor()
    expect(await message('fastify', 'while you were away').count()).toBe(0)
    await page.waitForFunction(() => document.querySelectorAll('#fastify .cell:not(.live, .late)').length >= 3)
    expect(await figure('fastify', 'sent')).toBeGreaterThan(await figure('fastify', 'received'))

    await isOpen('fastify')
    await message('fastify', 'while you were away').waitFor()
    expect(await message('fastify', 'while you were away').count()).toBe(1)
    expect(await message('fastify', 'while you were away').textContent()).toContain('late')
    await page.waitForFunction(() => document.querySelectorAll('#fastify .cell:not(.live, .late)').length === 0)
    expect(await page.locator('#fastify .cell.late').count()).toBeGreaterThanOrEqual(3)
    for (const card of SERVERS) {
      for (const name of ['missing', 'twice', 'gaps'])
        expect([card, name, await figure(card, name)]).toEqual([card, name, 0])
    }
    expect(await figure('express', 'late')).toBe(0)
    expect(await figure('koa', 'late')).toBe(0)
    expect(mistakes).toEqual([])
  })

  test('shows a gap if more notifications were sent while a stream was cut than the server keeps', async () => {
    await open()
    await send('before the gap', 'Fastify')
    await message('fastify', 'before the gap').waitFor()
    expect(await page.locator('.gap').count()).toBe(0)
    await page.getByRole('button', { name: 'Cut the connection of fastify' }).click()
    await page.locator('#fastify .pill[data-state=reconnecting]').waitFor()
    for (let burst = 0; burst < 2; burst++) await page.getByRole('button', { name: 'Send 20' }).click()
    // At its place in the list, and in sight whatever came after it.
    await page.locator('#fastify .gap:last-child').waitFor()
    expect(await page.locator('#fastify li .text').allTextContents()).toEqual([
      '20 of 20',
      '19 of 20',
      '18 of 20',
      'Gap reported: older events are gone',
    ])
    await page.waitForFunction(() => document.querySelectorAll('#fastify .cell:not(.live, .late)').length === 0)
    expect(await figure('fastify', 'gaps')).toBe(1)
    expect(await figure('fastify', 'missing')).toBe(0)
    // The channel with the samples has no gap, so all of its cells are still there.
    expect(await page.locator('#fastify .cell.live').count()).toBeGreaterThan(0)
    expect(await page.locator('#fastify .cell.late').count()).toBeGreaterThan(0)
    for (const card of ['express', 'koa']) expect([card, await figure(card, 'gaps')]).toEqual([card, 0])
    expect(mistakes).toEqual([])
  })

  test('shows why an action failed, until one succeeds, and keeps the text that was not sent', async () => {
    await open()
    const failure = page.locator('.failure:not(:empty)')
    const say = page.getByPlaceholder('Say something')
    const act = async (): Promise<void> => {
      await send('hello?', 'Koa')
      await page.getByRole('button', { name: 'Start' }).click()
      await say.fill('anybody?')
      await page.getByRole('button', { name: 'Say' }).click()
      await page.getByRole('button', { name: 'Cut the connection of express' }).click()
    }
    const paths = /\/(notifications|jobs|rooms\/lobby|streams\/[^/]+)$/
    await page.route(paths, (route) => route.abort())
    await act()
    await page.waitForFunction(() => document.querySelectorAll('.failure:not(:empty)').length === 4)
    expect(await failure.allTextContents()).toEqual(Array(4).fill('The server does not answer'))
    await page.unroute(paths)
    await page.route(paths, (route) => route.fulfill({ status: 503, headers: { 'Access-Control-Allow-Origin': '*' } }))
    await act()
    await page.waitForFunction(() => document.querySelectorAll('.failure:not(:empty)').length === 4)
    await page.waitForFunction(() => !document.body.textContent?.includes('The server does not answer'))
    expect(await failure.allTextContents()).toEqual(Array(4).fill('The server refused that with status 503'))
    expect(await say.inputValue()).toBe('anybody?')

    await page.unroute(paths)
    await act()
    await message('room', 'anybody?').waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.failure:not(:empty)').length === 0)
    expect(await say.inputValue()).toBe('')
    // Chromium's own lines about the requests.
    expect(mistakes.filter((mistake) => !mistake.startsWith('Failed to load resource'))).toEqual([])
  })

  test('no longer says that the server does not answer once a stream has opened again', async () => {
    await open()
    await page.route('**/notifications', (route) => route.abort())
    await page.route('**/jobs', (route) => route.abort())
    await send('hello?', 'Koa')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.locator('#job .outcome.failure').waitFor()
    await page.locator('#notify-status.failure').waitFor()
    await page.getByRole('button', { name: 'Cut the connection of koa' }).click()
    await page.locator('#koa .pill[data-state=reconnecting]').waitFor()
    await isOpen('koa')
    expect(await page.getByText('The server does not answer').count()).toBe(0)
    expect(await page.locator('#notify-status').textContent()).toContain('Each one comes through')
  })

  test('shows in a fourth tab why its streams do not open', async () => {
    const context = await browser.newContext()
    try {
      for (let tab = 0; tab < 3; tab++) {
        const full = await context.newPage()
        await full.goto(dashboard.address)
        await full.locator('#room .pill[data-state=open]').waitFor()
        await full.locator('#koa .pill[data-state=open]').waitFor()
      }
      const [first] = context.pages()
      const fourth = await context.newPage()
      await fourth.goto(dashboard.address)
      await fourth.locator('#koa .pill[data-state=waiting]', { hasText: 'close a tab' }).waitFor()
      await first?.close()
      await fourth.locator('#koa .pill[data-state=open]').waitFor()
    } finally {
      await context.close()
    }
  })

  test("draws the server's charts in the colours of the colour scheme, also after it changes", async () => {
    await page.emulateMedia({ colorScheme: 'light' })
    await open()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const tile of ['cpu', 'memory', 'rate']) await page.waitForFunction(isDrawn, tile)
    }
    expect(await page.locator('#cpu .value').textContent()).toMatch(/^\d+\.\d %$/)
    expect(await page.locator('#memory .value').textContent()).toMatch(/^[1-9]\d* MB$/)
    expect(await page.locator('#rate .value').textContent()).toMatch(/^\d+ \/ s$/)
  })

  test('is no wider than the screen even with long words, and cuts off no label', async () => {
    await open(`/?room=${'long'.repeat(10)}`)
    await send('w'.repeat(200), 'Koa')
    await message('koa', 'www').first().waitFor()
    await page.getByPlaceholder('Say something').fill('w'.repeat(200))
    await page.getByRole('button', { name: 'Say' }).click()
    await message('room', 'www').first().waitFor()
    for (const width of [320, 390, 768, 1024, 1280]) {
      await page.setViewportSize({ width, height: 844 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      expect([width, await page.evaluate(cutOff)]).toEqual([width, []])
    }
  })

  test('shows each figure on one line, however large it is', async () => {
    await open()
    for (const width of [320, 360, 1000, 1280, 1440]) {
      await page.setViewportSize({ width, height: 844 })
      expect([width, await page.evaluate(brokenFigures, 99_999)]).toEqual([width, []])
    }
  })
})

/** Whether a chart's canvas has a line in the colour of the style sheet. Runs in the page. */
function isDrawn(tile: string): boolean {
  const canvas = document.querySelector<HTMLCanvasElement>(`#${tile} canvas`)
  const color = getComputedStyle(document.documentElement).getPropertyValue(`--${tile}`)
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
  for (let i = 0; i < pixels.length; i += 4) {
    const [red = 0, green = 0, blue = 0, alpha] = pixels.slice(i, i + 4)
    const hex = ((red << 16) | (green << 8) | blue).toString(16).padStart(6, '0')
    if (alpha === 255 && `#${hex}` === color) return true
  }
  return false
}

/** The labels that do not fit into their boxes. Runs in the page. */
function cutOff(): string[] {
  return [...document.querySelectorAll('button:not(nav button), label > span, h1, h2, h3, dt, dd, .pill')]
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map((element) => element.outerHTML)
}

/** The figures that need two lines, or are cut off, if all have this value. Runs in the page. */
function brokenFigures(value: number): string[] {
  for (const figure of document.querySelectorAll('[data-figure]')) figure.textContent = String(value)
  return [...document.querySelectorAll('dd')]
    .filter((dd) => dd.clientHeight > 1.9 * Number.parseFloat(getComputedStyle(dd).fontSize) || isCutOff(dd))
    .map((dd) => dd.outerHTML)

  function isCutOff(dd: Element): boolean {
    const box = dd.closest('.card')?.getBoundingClientRect()
    return dd.scrollWidth > dd.clientWidth + 1 || dd.getBoundingClientRect().right > (box?.right ?? 0)
  }
}

/** Whether a chart's line breaks off and begins again. Runs in the page. */
function hasBreak(tile: string): boolean {
  const canvas = document.querySelector<HTMLCanvasElement>(`#${tile} canvas`)
  if (canvas === null) return false
  const { width, height } = canvas
  const color = getComputedStyle(document.documentElement).getPropertyValue(`--${tile}`)
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
  const hasLine = (x: number): boolean =>
    Array.from({ length: height }, (_, y) => [...pixels.slice((y * width + x) * 4, (y * width + x) * 4 + 3)]).some(
      ([red = 0, green = 0, blue = 0]) =>
        `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, '0')}` === color,
    )
  const columns = Array.from({ length: width }, (_, x) => (hasLine(x) ? 'x' : ' '))
    .join('')
    .trim()
  return columns.includes('      ')
}

describe('a restart of the dashboard process', () => {
  test('shows as one gap for each stream, without false figures, and as a break in the charts', async () => {
    const first = await threePorts()
    let own = await startDashboard(first)
    try {
      await page.goto(own.address)
      for (const name of [...SERVERS, 'room']) await isOpen(name)
      const { koa } = await portsOf(own)
      await page.waitForFunction(() => Number(document.querySelector('#koa [data-figure=received]')?.textContent) > 8)
      await page.route(`http://127.0.0.1:${koa}/**`, (route) => route.abort())
      await own.stop('SIGKILL')
      for (const name of [...SERVERS, 'room']) await page.locator(`#${name} .pill[data-state=reconnecting]`).waitFor()
      const before = await figure('koa', 'received')
      // The first attempt to reconnect comes after three seconds, which is long enough to be an outage in the charts.
      await page.waitForEvent('request', (request) => request.url().startsWith(`${own.address}/news`))
      own = await startDashboard(first)
      for (const name of ['express', 'fastify']) await page.locator(`#${name} .gap`).waitFor()
      await page.waitForFunction((old) => {
        return Number(document.querySelector('#express [data-figure=received]')?.textContent) > old + 2
      }, before)
      // The stream through Koa is still cut. The numbers of its run are not those of the new run.
      for (const card of SERVERS) {
        const [received, sent] = await page.locator(`#${card} dd`).first().locator('span').allTextContents()
        expect([card, sent]).toEqual([card, received])
      }
      expect(await figure('koa', 'received')).toBe(before)

      await page.unroute(`http://127.0.0.1:${koa}/**`)
      for (const name of ['koa', 'room']) await page.locator(`#${name} .gap`).waitFor()
      for (const card of SERVERS) {
        await page.waitForFunction((name) => {
          return document.querySelector(`#${name} [data-figure=gaps]`)?.textContent === '1'
        }, card)
        for (const name of ['missing', 'twice']) expect([card, name, await figure(card, name)]).toEqual([card, name, 0])
        expect(await page.locator(`#${card} .gap`).count()).toBe(1)
      }
      await page.waitForFunction(hasBreak, 'memory')
    } finally {
      await own.stop('SIGKILL')
    }
  })
})

describe('the dashboard process', () => {
  test('exits by itself on SIGTERM while a page is open and a job runs', async () => {
    const own = await startDashboard()
    try {
      await page.goto(own.address)
      for (const name of [...SERVERS, 'room']) await isOpen(name)
      await page.getByRole('button', { name: 'Start' }).click()
      await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) > 0)
      expect(await own.stop('SIGTERM')).toBe(0)
      for (const card of SERVERS) await page.locator(`#${card} .pill[data-state=reconnecting]`).waitFor()
    } finally {
      own.process.kill('SIGKILL')
    }
  })

  test('exits by itself on SIGINT', async () => {
    const own = await startDashboard()
    expect(await own.stop('SIGINT')).toBe(0)
  })

  test('prints addresses that other devices can open if it listens on 0.0.0.0', async () => {
    const own = await startDashboard(0, { HOST: '0.0.0.0' })
    try {
      const { port } = new URL(own.address)
      const inside = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
      const outside = inside.filter(({ family, internal }) => family === 'IPv4' && !internal)
      for (const { address } of outside)
        expect(own.greeting).toContain(`From other devices: http://${address}:${port}\n`)
      expect(own.greeting).not.toContain('0.0.0.0')
      expect((await fetch(own.address)).status).toBe(200)
    } finally {
      expect(await own.stop()).toBe(0)
    }
  })

  test('uses another port if the given one is taken', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    const address = occupant.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    try {
      const own = await startDashboard(taken)
      expect(new URL(own.address).port).not.toBe(String(taken))
      expect((await fetch(own.address)).status).toBe(200)
      expect(await own.stop()).toBe(0)
    } finally {
      occupant.close()
    }
  })
})
