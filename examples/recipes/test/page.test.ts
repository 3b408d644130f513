import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { serve, until } from '../../from-python/test/serving.js'
import { app, logOut, manager, notify } from '../src/notifications.js'

const PAGE = `<!doctype html><script type="module">
  import { watchNotifications } from './page.js'
  watchNotifications({
    show: ({ text }) => tell('shown: ' + text),
    load: () => tell('loaded'),
    logIn: () => tell('log in'),
  })
</script>`

test('a page in a browser shows the notifications of its session, and asks for a login when that is over', async () => {
  const url = await serve(app)
  const browser = await startChromium()
  try {
    const context = await browser.newContext()
    await context.addCookies([{ name: 'session', value: 'ann-1', url }])
    const page = await context.newPage()
    const seen: string[] = []
    await page.exposeFunction('tell', (what: string) => seen.push(what))
    await page.route('**/app/', (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
    await page.route('**/app/*.js', async (route) => {
      const name = new URL(route.request().url()).pathname.replace('/app/', '')
      const body = await readFile(new URL(`../dist/client/${name}`, import.meta.url), 'utf8')
      await route.fulfill({ contentType: 'text/javascript', body })
    })
    await page.goto(`${url}/app/`)
    await until(() => manager.getOrCreate('user:ann').subscriberCount === 1)
    await notify('ann', 'hello')
    await until(() => seen.length === 1)
    expect(logOut('ann-1')).toBe(1)
    await until(() => seen.length === 2)
    expect(seen).toEqual(['shown: hello', 'log in'])
  } finally {
    await browser.close()
  }
})
