import { afterEach, expect, test } from '@jest/globals'
import { type LineEnding, respond, type SseConnection, SseManager, type SseOptions } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

/** The config objects of streams of one channel with these options. Sharing them saves memory (`npm run bench`: memory). */
async function configsOf(asked: readonly SseOptions[]): Promise<unknown[]> {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const server = await serve((req, res) => void respond(req, res, news, asked[news.subscriberCount]))
  for (let count = 1; count <= asked.length; count++) {
    await exchange(server, get())
    await until(() => news.subscriberCount === count, `stream ${count}`)
  }
  const configs = news.listConnections().map((connection: SseConnection) => Reflect.get(connection, 'config'))
  await manager.close()
  return configs
}

test.each<[string, SseOptions]>([
  ['no options', {}],
  ['a heartbeat', { heartbeatMs: 10_000 }],
  [
    'a retry time, a maximum age and a line ending',
    { retryMs: 1, maxConnectionAgeMs: 60_000, eol: '\r\n' as LineEnding },
  ],
])('streams of a channel with equal options share one config object: %s', async (_what, options) => {
  const [first, ...others] = await configsOf([options, { ...options }, { ...options }])
  expect(first).toBeDefined()
  for (const config of others) expect(config).toBe(first)
})

test('streams of a channel with different options do not share a config object', async () => {
  const asked: SseOptions[] = [
    {},
    { heartbeatMs: 10_000 },
    { heartbeatMs: 20_000 },
    { retryMs: 1 },
    { heartbeatMs: 10_000, maxConnectionAgeMs: 60_000 },
    { eol: '\r' },
  ]
  expect(new Set(await configsOf(asked)).size).toBe(asked.length)
})

test('old config objects are forgotten, since options may come from requests', async () => {
  const asked = Array.from({ length: 20 }, (_, index) => ({ retryMs: index + 1 }))
  const configs = await configsOf([...asked, { retryMs: 1 }])
  expect(configs.at(-1)).not.toBe(configs[0])
})
