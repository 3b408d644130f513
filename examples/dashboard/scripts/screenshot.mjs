// Makes the pictures in docs/images anew: `node examples/dashboard/scripts/screenshot.mjs [folder]`, after `npm run build`.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { findProgram } from '../../../scripts/programs.mjs'

const root = join(import.meta.dirname, '../../..')
const folder = process.argv[2] ?? join(root, 'docs/images')
mkdirSync(folder, { recursive: true })

const server = spawn(process.execPath, [join(root, 'examples/dashboard/dist/server.js')], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let address = ''
for await (const line of createInterface({ input: server.stdout })) {
  address = /The dashboard is at (\S+)/.exec(line)?.[1] ?? ''
  if (address !== '') break
}

const browser = await chromium.launch({
  executablePath: findProgram('chromium'),
  args: ['--disable-gpu', '--disable-quic', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
})
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 960 }, colorScheme: 'light' })
  await page.goto(address)
  await act(page)
  await page.screenshot({ path: join(folder, 'dashboard-light.png'), fullPage: true })
  await page.emulateMedia({ colorScheme: 'dark' })
  // The charts take the new colours with the next sample.
  await samples(page, Number(await page.locator('#express [data-figure=received]').textContent()) + 1)
  await frames(page)
  await page.screenshot({ path: join(folder, 'dashboard-dark.png'), fullPage: true })

  const phone = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 })
  await phone.goto(page.url())
  await phone.getByText('Open', { exact: true }).nth(3).waitFor()
  await samples(phone, 60)
  await phone.evaluate(() => document.querySelector('#notify')?.scrollIntoView({ block: 'start' }))
  await frames(phone)
  await phone.screenshot({ path: join(folder, 'dashboard-phone.png') })
} finally {
  await browser.close()
  server.kill()
}

/**
 * Does what there is to be seen: says something, starts a job, and cuts connections.
 *
 * @param {import('playwright-core').Page} page
 */
async function act(page) {
  await samples(page, 24)
  await page.getByRole('button', { name: 'Start' }).click()
  await page.getByText('has done all').waitFor()
  await samples(page, 80)
  await page.getByRole('button', { name: 'Send 20' }).click()
  await samples(page, 90)
  await notify(page, 'The bread is ready', 'Express')
  for (const words of ['Who has the key?', 'I do', 'Coming']) {
    await page.getByPlaceholder('Say something').fill(words)
    await page.getByRole('button', { name: 'Say' }).click()
    await page.locator('#room .message', { hasText: words }).waitFor()
  }
  await page.getByRole('button', { name: 'Cut the connection of fastify' }).click()
  await notify(page, 'The soup is hot', 'Koa')
  await notify(page, 'Guests are here', 'Fastify')
  await page.locator('#fastify .message.late').nth(1).waitFor()
  await page.getByRole('button', { name: 'Start' }).click()
  await page.waitForFunction(() =>
    /^Job 2: [2-9]. of/.test(document.querySelector('.progress-text')?.textContent ?? ''),
  )
  await page.getByRole('button', { name: 'Cut the connection of the job' }).click()
  await page.waitForFunction(() => document.querySelectorAll('#job .cell.late').length > 20)
  await notify(page, 'Dinner is ready', 'Express')
  await page.getByRole('button', { name: 'Cut the connection of koa' }).click()
  await page.waitForFunction(() => document.querySelectorAll('#koa .cell:not(.live, .late)').length > 3)
}

/**
 * @param {import('playwright-core').Page} page
 * @param {number} count
 */
async function samples(page, count) {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector('#express [data-figure=received]')?.textContent) >= wanted,
    count,
    { timeout: 60_000 },
  )
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} text
 * @param {string} via
 */
async function notify(page, text, via) {
  await page.getByLabel('Text').fill(text)
  await page.getByRole('radio', { name: via }).check()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.locator('#express .message', { hasText: text }).waitFor()
}

/** @param {import('playwright-core').Page} page */
async function frames(page) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}
