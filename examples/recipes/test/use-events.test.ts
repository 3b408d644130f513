import { test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { build } from 'esbuild'
import { startChromium } from '../../../packages/sse-testkit/test/clients/chromium.js'
import { until } from '../../from-python/test/serving.js'
import { serveChanging, streaming } from './changing-server.js'

const PAGE = `
  import { createElement, StrictMode } from 'react'
  import { createRoot } from 'react-dom/client'
  import { useEvents } from '../src/client/use-events.js'
  function News() {
    return useEvents('/events', 'notice').map(({ text }) => text).join(', ')
  }
  const root = createRoot(document.body)
  root.render(createElement(StrictMode, null, createElement(News)))
  window.remove = () => root.unmount()
`

async function bundle(): Promise<string> {
  const stdin = { contents: PAGE, resolveDir: import.meta.dirname, loader: 'js' as const }
  const define = { 'process.env.NODE_ENV': '"development"' }
  const { outputFiles } = await build({ stdin, bundle: true, write: false, define, logLevel: 'error' })
  return outputFiles[0]?.text ?? ''
}

test('useEvents() shows each event once, also after a reconnect, and closes its stream when the component is removed', async () => {
  const channel = new SseChannel('news', { history: { maxEvents: 2 } })
  const server = await serveChanging(streaming(channel, { rewind: 1 }))
  const notice = (text: string): Promise<string> => channel.broadcast({ event: 'notice', data: { text } })
  const script = await bundle()
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    await page.route('**/app/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><body>' }))
    await page.goto(`${server.url}/app/`)
    await page.addScriptTag({ content: script })
    // In development, React runs each effect twice and closes the first stream at once.
    await until(() => channel.subscriberCount === 1)
    await notice('one')
    await page.getByText('one', { exact: true }).waitFor()
    server.cut()
    await notice('two')
    await page.getByText('one, two', { exact: true }).waitFor()
    await page.evaluate(() => Reflect.get(window, 'remove')())
    await until(() => channel.subscriberCount === 0)
  } finally {
    await browser.close()
  }
})
