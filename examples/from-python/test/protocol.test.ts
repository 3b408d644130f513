import { describe, expect, test } from '@jest/globals'
import { merge, SseManager } from '@ssekit/sse-core'
import { parseEvents } from '@ssekit/sse-testkit'
import { until } from './serving.js'
import { ask, bare, serve } from './transcript.js'

const GET = 'GET /news HTTP/1.1'
const HOST = 'Host: localhost'

describe('ids', () => {
  test('that a channel makes are short and contain only characters that need no CORS preflight', async () => {
    const manager = new SseManager()
    for (let i = 0; i < 50; i++) {
      expect(await manager.getOrCreate(`channel ${i}`).broadcast('x')).toMatch(/^[A-Za-z0-9._]{12}\.1$/)
    }
  })

  test('that a client sends are never written unchecked, so they cannot inject an event', async () => {
    const manager = new SseManager()
    const [news, sports] = [manager.getOrCreate('news'), manager.getOrCreate('sports')]
    const known = await news.broadcast('elections')
    await sports.broadcast('one to nil')
    const url = await serve(manager, merge(news, sports))
    const evil = 'x\nevent: evil\ndata: injected\n\n'
    for (const id of [`${known}~${evil}`, `${evil}~${known}`, `~${evil}`, evil]) {
      const wire = await ask(url, `GET /?lastEventId=${encodeURIComponent(id)} HTTP/1.1`, HOST)
      await wire.received('sse-gap')
      await Promise.all([news.broadcast('last'), sports.broadcast('last')])
      await wire.received('data: last')
      const [, body = ''] = bare(wire).split('200 OK\n\n')
      const events = parseEvents(body)
      expect(events.map(({ event }) => event)).not.toContain('evil')
      for (const event of events) expect(event.id ?? '').toMatch(/^[\w.]*(~[\w.]*)?$/)
    }
  })

  test('in the Last-Event-ID header take precedence over the query', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const [one, two] = [await news.broadcast('one'), await news.broadcast('two')]
    await news.broadcast('three')
    const wire = await ask(
      await serve(manager, news),
      `GET /?lastEventId=${one} HTTP/1.1`,
      HOST,
      `Last-Event-ID: ${two}`,
    )
    await wire.received('three')
    expect(wire.text).not.toContain('data: two')
  })
})

describe('checkpoints', () => {
  test('are sent after a filter has held back half of the history', async () => {
    const manager = new SseManager({ history: { maxEvents: 10 } })
    const news = manager.getOrCreate('news')
    const wire = await ask(await serve(manager, news, { filter: () => false }), GET, HOST)
    await wire.received('sse-checkpoint')
    for (let i = 0; i < 5; i++) await news.broadcast('passed by')
    await wire.received(`id: ${news.lastEventId}\nevent: sse-checkpoint\n`)
    expect(wire.text).not.toContain('passed by')
  })

  test('can be turned off', async () => {
    const manager = new SseManager()
    const news = manager.getOrCreate('news')
    const wire = await ask(await serve(manager, news, { checkpoints: false }), GET, HOST)
    await wire.received('retry: 2000')
    await news.broadcast('first')
    await wire.received('first')
    expect(wire.text).not.toContain('sse-checkpoint')
  })
})

describe('an ended channel', () => {
  test('sends a late client every retained event, or answers 204 if it has none', async () => {
    const manager = new SseManager()
    const job = manager.getOrCreate('job')
    const empty = manager.getOrCreate('empty')
    await job.broadcast('progress')
    await job.end()
    await empty.end()
    const late = await ask(await serve(manager, job), GET, HOST)
    await late.received('0\r\n\r\n')
    expect(bare(late)).toContain('data: progress\n\n')
    const nothing = await ask(await serve(manager, empty), GET, HOST)
    await nothing.received('HTTP/1.1 204 No Content\r\n')
  })
})

test('a connection accepts another request after its stream has ended', async () => {
  const wire = await ask(await serve(new SseManager(), ['hello']), GET, HOST)
  await wire.received('0\r\n\r\n')
  wire.ask(GET, HOST)
  await wire.received('0\r\n\r\nHTTP/1.1 200 OK')
  await until(() => wire.text.split('data: hello\n\n').length === 3)
})
