import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { until } from '../../from-python/test/serving.js'
import { type Database, type Order, serveOrders } from '../src/snapshot.js'
import { serveChanging } from './changing-server.js'

const PAGE = `<!doctype html><script type="module">
  import { watchOrders } from './orders.js'
  watchOrders((orders) => tell(orders.map(({ id, status }) => id + ' ' + status).join(', ')))
</script>`

const rows = new Map<number, Order>()
const database: Database = {
  async save({ id, status }) {
    const order = { id, status, version: (rows.get(id)?.version ?? 0) + 1 }
    rows.set(id, order)
    return order
  },
  all: async () => [...rows.values()],
}

test('a page shows the orders, ignores changes that it has, and is up to date again after a restart', async () => {
  const before = serveOrders(new SseManager({ retryMs: 1 }), database)
  const server = await serveChanging(before.app.callback())
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    const seen: string[] = []
    await page.exposeFunction('tell', (what: string) => seen.push(what))
    await page.route('**/app/', (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
    const script = await readFile(new URL('../dist/client/orders.js', import.meta.url), 'utf8')
    await page.route('**/orders.js', (route) => route.fulfill({ contentType: 'text/javascript', body: script }))

    await before.save({ id: 1, status: 'paid' })
    await before.save({ id: 1, status: 'packed' })
    await page.goto(`${server.url}/app/`)
    await until(() => seen.length === 1)
    await before.orders.broadcast({ event: 'order', data: { id: 1, status: 'paid', version: 1 } })
    await before.save({ id: 2, status: 'new' })
    await until(() => seen.length === 2)

    const after = serveOrders(new SseManager({ retryMs: 1 }), database)
    await after.save({ id: 1, status: 'sent' })
    server.answer = after.app.callback()
    server.cut()
    await until(() => seen.length === 3)
    await after.save({ id: 2, status: 'paid' })
    await until(() => seen.length === 4)
    expect(seen).toEqual(['1 packed', '1 packed, 2 new', '1 sent, 2 new', '1 sent, 2 paid'])
  } finally {
    await browser.close()
  }
})
