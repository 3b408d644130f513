import { expect, test } from '@jest/globals'
import { connect, serve, until } from '../../from-python/test/serving.js'
import { app, manager } from '../src/metrics.js'

test('the page of metrics shows open and ended streams, events, and clients that missed events, each counted once', async () => {
  const metrics = `${await serve(app)}/metrics`
  const scrape = async (): Promise<string[]> => (await (await fetch(metrics)).text()).split('\n')
  const reader = await connect(app, '/news')
  for (let n = 0; n < 150; n += 1) await manager.getOrCreate('news').broadcast(String(n))
  await reader.take(150, ({ event }) => event === 'message')
  const first = await scrape()
  expect(first).toContain('sse_connections 1')
  expect(first).toContain('sse_gaps_total 0')
  // The client's first event is the checkpoint.
  expect(first).toContain('sse_events_total 151')
  expect(first.some((line) => /^nodejs_eventloop_lag_seconds \d/.test(line))).toBe(true)

  const { events } = reader
  reader.abort()
  await until(() => manager.stats().connections === 0)
  const back = await connect(app, '/news', { 'Last-Event-ID': events[1]?.id ?? '' })
  await back.take(101)
  const second = await scrape()
  expect(second).toContain('sse_connections 1')
  expect(second).toContain('sse_gaps_total 1')
  expect(second).toContain('sse_events_total 252')
  expect(second).toContain('sse_closed_total{reason="client"} 1')
  expect(await scrape()).toContain('sse_gaps_total 1')
})
