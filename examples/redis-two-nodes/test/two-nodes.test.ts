import { afterEach, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { NewsReader } from './news-reader.js'
import { RunningLauncher } from './running-launcher.js'

let launcher: RunningLauncher
let browser: Browser | undefined
let reader: NewsReader | undefined

afterEach(async () => {
  reader?.close()
  await browser?.close()
  await launcher.destroy()
})

test('readers get every event once while each node and then Redis is killed', async () => {
  launcher = new RunningLauncher()
  const address = await launcher.address()
  const news = new NewsReader(address)
  reader = news
  const page = await openPage(address)
  await page.waitForFunction('figures.received > 0')
  const first = news.node as string
  expect(['express', 'fastify']).toContain(first)
  const second = first === 'express' ? 'fastify' : 'express'

  process.kill(await launcher.pid(first), 'SIGKILL')
  await news.until(() => news.node === second)
  await launcher.pid(first, 2)
  await page.locator(`#${second} button`).click()
  await news.until(() => news.node === first)
  await launcher.pid(second, 2)
  process.kill(await launcher.pid('redis'), 'SIGKILL')
  await launcher.pid('redis', 2)
  const before = news.numbers.length
  // The events that waited for Redis, and some more.
  await news.until(() => news.numbers.length > before + 15)

  const [from = 0] = news.numbers
  expect(news.numbers).toEqual(news.numbers.map((_, index) => from + index))
  expect(news.gaps).toBe(0)
  await page.waitForFunction(`[...runs.values()].at(-1).last >= ${news.numbers.at(-1)}`)
  expect(await page.evaluate('figures')).toMatchObject({ missed: 0, doubled: 0, gaps: 0 })
  expect(await page.evaluate('figures.moves > 0 && figures.late > 0')).toBe(true)

  // While clients are connected.
  launcher.kill('SIGTERM')
  expect(await launcher.exited).toMatchObject({ code: 0 })
  expect(launcher.leftovers).toEqual([])
})

test('the page shows that the node that stands by is killed, and that it has started again', async () => {
  launcher = new RunningLauncher()
  const page = await openPage(await launcher.address())
  await page.waitForFunction('figures.received > 0')
  const standby = (await page.evaluate('node')) === 'express' ? 'fastify' : 'express'
  const card = page.locator(`#${standby}`)
  expect(await card.locator('.pill').textContent()).toBe('stands by')
  await card.locator('button').click()
  expect(await card.locator('.pill').textContent()).toBe('killed, starts again in 3 s')
  await card.getByText(`process ${await launcher.pid(standby, 2)}`).waitFor()
  expect(await card.locator('.pill').textContent()).toBe('stands by')
  expect(await page.evaluate('figures')).toMatchObject({ missed: 0, doubled: 0, gaps: 0, moves: 0 })
})

test('a launcher that is killed leaves no processes and no temporary folders', async () => {
  launcher = new RunningLauncher()
  await launcher.address()
  expect(launcher.leftovers).toHaveLength(5)
  launcher.kill('SIGKILL')
  await launcher.exited
  const deadline = performance.now() + 15_000
  while (launcher.leftovers.length > 0 && performance.now() < deadline) await new Promise(setImmediate)
  expect(launcher.leftovers).toEqual([])
})

test('process messages of other programs do not stop the launcher', async () => {
  launcher = new RunningLauncher({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent("process.send?.('ready')")}`,
  })
  await launcher.address()
  launcher.kill('SIGTERM')
  expect(await launcher.exited).toEqual({ code: 0, stderr: '' })
})

test('without Redis, the launcher prints what to install and exits with 1', async () => {
  launcher = new RunningLauncher({ REDIS_SERVER: 'no-redis-server' })
  expect(await launcher.exited).toEqual({
    code: 1,
    stderr: 'This needs Redis: install redis-server, or set REDIS_URL to the address of one that runs.\n',
  })
  expect(launcher.leftovers).toEqual([])
})

async function openPage(address: string) {
  browser = await startChromium()
  const page = await browser.newPage()
  await page.goto(address)
  return page
}
