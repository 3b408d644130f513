import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { eventually } from '../src/contract/eventually.js'
import { StreamPage, startChromium } from './clients/chromium.js'
import { Scene } from './clients/scene.js'
import { bareHttp, bareHttp2 } from './clients/servers.js'

let browser: Browser
let page: StreamPage
let scene: Scene
beforeAll(async () => {
  browser = await startChromium()
  page = await StreamPage.open(browser)
})
afterAll(() => browser.close())
afterEach(async () => {
  await page.leave()
  await scene.end()
})

test('a browser opens six of a page’s twelve streams over HTTP/1.1, its limit of connections to a host', async () => {
  scene = await Scene.open(bareHttp, (manager) => ({ source: manager.getOrCreate('news') }))
  await page.visit(new URL(scene.url).origin)
  const streams = await Promise.all(Array.from({ length: 12 }, () => page.stream(scene.url)))
  const opened = () => streams.filter(({ opens }) => opens > 0)
  await eventually(() => opened().length === 6, 'six open streams')
  await scene.manager.getOrCreate('news').broadcast('hello')
  await Promise.all(opened().map((stream) => stream.until(({ data }) => data.length === 1)))
  expect(opened()).toHaveLength(6)
  expect(scene.manager.stats().connections).toBe(6)
  expect(new Set(scene.server.asked.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['1.1']))
})

test('a browser opens all twelve streams of a page over HTTP/2', async () => {
  scene = await Scene.open(bareHttp2, (manager) => ({ source: manager.getOrCreate('news') }))
  await page.visit(new URL(scene.url).origin)
  const streams = await Promise.all(Array.from({ length: 12 }, () => page.stream(scene.url)))
  await Promise.all(streams.map((stream) => stream.until(({ opens }) => opens === 1)))
  await scene.manager.getOrCreate('news').broadcast('hello')
  await Promise.all(streams.map((stream) => stream.until(({ data }) => data.length === 1)))
  expect(scene.manager.stats().connections).toBe(12)
  expect(new Set(scene.server.asked.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['2.0']))
  // Closing one stream must not close the others.
  await streams[0]?.close()
  await scene.manager.getOrCreate('news').broadcast('still here')
  await Promise.all(streams.slice(1).map((stream) => stream.until(({ data }) => data.length === 2)))
  expect(streams[0]?.data).toEqual(['hello'])
})

test('a page of another origin resumes with a last event id and needs no CORS preflight', async () => {
  const headers = { 'Access-Control-Allow-Origin': '*' }
  scene = await Scene.open(bareHttp, (manager) => ({ source: manager.getOrCreate('news'), headers }))
  const origin = `http://localhost:${scene.proxy.port}`
  await page.visit(origin)
  const stream = await page.stream(scene.url)
  await stream.until(({ opens }) => opens === 1)
  const news = scene.manager.getOrCreate('news')
  const id = await news.broadcast('received')
  await stream.until(({ data }) => data.length === 1)
  scene.proxy.cut()
  await news.broadcast('missed')
  await stream.until(({ data }) => data.length === 2)
  expect(stream.data).toEqual(['received', 'missed'])
  expect(scene.server.asked.map(({ method }) => method)).toEqual(['GET', 'GET'])
  expect(scene.server.asked[1]?.headers).toMatchObject({ 'last-event-id': id, origin })
})
