import { createHook } from 'node:async_hooks'
import { getEventListeners, once } from 'node:events'
import { afterEach, expect, test } from '@jest/globals'
import { respond, type SseConnection, SseManager, type SseSource } from '@ssekit/sse-core'
import { type BareServer, startServer } from './clients/one-source.js'
import { RawClient } from './clients/raw-client.js'

let server: BareServer
afterEach(() => server.close())

test('a thousand clients that connect and disconnect leave nothing behind', async () => {
  const manager = new SseManager()
  const news = manager.getOrCreate('news')
  const shared = new AbortController()
  let subscribed = 0
  news.on('subscribe', () => {
    subscribed += 1
  })
  news.on('unsubscribe', () => {
    subscribed -= 1
  })
  // Timers are recorded where they are created, since those that are unref()ed show up nowhere else.
  const timers = new Map<number, string>()
  let ours = 0
  const hook = createHook({
    init(id, type) {
      if (type !== 'Timeout') return
      const place = placeInCore()
      if (place === undefined) return
      ours += 1
      timers.set(id, place)
    },
    destroy(id) {
      timers.delete(id)
    },
  })
  const reasons: Promise<string>[] = []
  let generators = 0
  const waiting = async function* ({ signal }: SseConnection) {
    generators += 1
    try {
      yield 'hello'
      await once(signal, 'abort')
    } finally {
      generators -= 1
    }
  }
  const sources: (() => SseSource)[] = [
    () => news,
    () => news.listen(),
    () => (connection: SseConnection) => connection.subscribe(news, { signal: shared.signal }),
    () => waiting,
  ]
  server = await startServer((req, res) => {
    const source = sources[reasons.length % sources.length] as () => SseSource
    const options = { manager, signal: shared.signal, maxConnectionAgeMs: 1_000_000, key: 'all', filter: () => true }
    reasons.push(respond(req, res, source(), options))
  })
  hook.enable()
  for (let batch = 0; batch < 20; batch++) {
    const clients = Array.from({ length: 50 }, () => new RawClient(server.url))
    await Promise.all(clients.map((client) => client.until(() => client.text.includes('retry:'))))
    await news.broadcast('news')
    await Promise.all(clients.map((client) => client.leave()))
  }
  expect(new Set(await Promise.all(reasons))).toEqual(new Set(['client']))
  await server.close()
  // Node reports destroyed resources a turn later.
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve))
  hook.disable()
  expect(reasons).toHaveLength(1000)
  expect(generators).toBe(0)
  expect(news.subscriberCount).toBe(0)
  expect(subscribed).toBe(0)
  expect(news.cleanup()).toBe(0)
  expect(manager.stats()).toMatchObject({ connections: 0, closed: { client: 1000 } })
  expect(getEventListeners(shared.signal, 'abort')).toEqual([])
  // At least one for the maximum age of each connection.
  expect(ours).toBeGreaterThanOrEqual(1000)
  expect([...timers.values()]).toEqual([])
})

/** The line of the core that is setting a timer; undefined if Node, Jest or the test itself sets it. */
function placeInCore(): string | undefined {
  const { prepareStackTrace } = Error
  let place: string | undefined
  Error.prepareStackTrace = (_error, frames) => {
    // The frames above it are this hook's and Node's, which sets timers of its own, as for the Date header.
    const caller = frames.findIndex((frame) => frame.getFileName() === 'node:timers') + 1
    const file = frames[caller]?.getFileName()
    // A memory backplane of an earlier test in this process may still be evicting events; this test has none.
    const isOurs = file?.includes('/sse-core/src/') && !file.includes('/memory-backplane.')
    if (caller > 0 && isOurs) place = `${file}:${frames[caller]?.getLineNumber()}`
  }
  // A stack is created when it is first read.
  void new Error().stack
  Error.prepareStackTrace = prepareStackTrace
  return place
}
