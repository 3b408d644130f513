import { afterEach, expect, test } from '@jest/globals'
import { type LineEnding, respond, type SseConnection, SseManager, type SseOptions } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

/** What streams of one channel keep that ask for so much; it is nothing that users see but by its weight (`npm run bench`: memory). */
async function termsOf(asked: readonly SseOptions[]): Promise<unknown[]> {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const server = await serve((req, res) => void respond(req, res, news, asked[news.subscriberCount]))
  for (let count = 1; count <= asked.length; count++) {
    await exchange(server, get())
    await until(() => news.subscriberCount === count, `stream ${count}`)
  }
  const terms = news.listConnections().map((connection: SseConnection) => Reflect.get(connection, 'config'))
  await manager.close()
  return terms
}

test.each<[string, SseOptions]>([
  ['nothing', {}],
  ['a heartbeat', { heartbeatMs: 10_000 }],
  [
    'a time to come back, an age and a line ending',
    { retryMs: 1, maxConnectionAgeMs: 60_000, eol: '\r\n' as LineEnding },
  ],
])('streams whose routes ask for the same share what they keep of it: %s', async (_what, options) => {
  const [first, ...others] = await termsOf([options, { ...options }, { ...options }])
  expect(first).toBeDefined()
  for (const terms of others) expect(terms).toBe(first)
})

test('those that ask for something else do not', async () => {
  const asked: SseOptions[] = [
    {},
    { heartbeatMs: 10_000 },
    { heartbeatMs: 20_000 },
    { retryMs: 1 },
    { heartbeatMs: 10_000, maxConnectionAgeMs: 60_000 },
    { eol: '\r' },
  ]
  expect(new Set(await termsOf(asked)).size).toBe(asked.length)
})

test('what is asked for is forgotten again, since it may come from requests', async () => {
  const asked = Array.from({ length: 20 }, (_, index) => ({ retryMs: index + 1 }))
  const terms = await termsOf([...asked, { retryMs: 1 }])
  expect(terms.at(-1)).not.toBe(terms[0])
})
