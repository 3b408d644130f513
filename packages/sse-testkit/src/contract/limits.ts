import { strict as assert } from 'node:assert'
import { type ManagerOptions, merge, SseChannel, SseError, type SseManager, type SseSource } from '@ssekit/sse-core'
import type { EventReader } from '../reader.js'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Served, Stage } from './stage.js'
import { numbers } from './take-events.js'

/** Too many streams, and a broker that is down. */
export function limitScenarios({ scenario }: Script): void {
  scenario('clients over maxConnections get an empty stream and different retry times', async (stage) => {
    const { served, manager } = await full(stage, { maxConnections: 1, retryMs: 10_000 })
    const refused = await Promise.all(numbers(1, 6).map(() => served.open()))
    for (const reader of refused) await assertRetryOnly(reader, 10_000)
    assert.equal(new Set(refused.map(({ retries }) => retries[0])).size > 1, true)
    assert.deepEqual(await (await served.request(1)).outcome(), { reason: 'limit' })
    assert.deepEqual(manager.stats().closed, { limit: 6 })
    assert.deepEqual(stage.errors, [])
  })

  scenario("with overload: 'reject', a client over maxConnections gets 503 and Retry-After", async (stage) => {
    const { served } = await full(stage, { maxConnections: 1, overload: 'reject' })
    const reader = await served.open()
    assert.equal(reader.status, 503)
    assert.match(reader.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.doesNotMatch(reader.headers.get('content-type') ?? '', /event-stream/)
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(await (await served.request(1)).outcome(), { reason: 'limit' })
  })

  scenario('a disconnect makes room for another client under maxConnections', async (stage) => {
    const { served, first, channel } = await full(stage, { maxConnections: 1 })
    first.abort()
    await subscribed(channel, 0)
    const next = await served.open()
    await subscribed(channel)
    await channel.broadcast('welcome')
    await next.until(() => next.text.includes('welcome'), 'the welcome')
  })

  scenario('maxConnectionsPerKey limits each key separately, and not connections without a key', async (stage) => {
    const manager = stage.manager({ maxConnectionsPerKey: 2 })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(
      {
        '/ann': ({ sse }) => sse(channel, { key: 'ann' }),
        '/bob': ({ sse }) => sse(channel, { key: 'bob' }),
        '/nobody': ({ sse }) => sse(channel),
      },
      { manager },
    )
    const first = await served.open('/ann')
    await served.open('/ann')
    await assertRetryOnly(await served.open('/ann'), 0)
    for (const path of ['/bob', '/bob', '/nobody', '/nobody', '/nobody']) await served.open(path)
    await subscribed(channel, 7)
    first.abort()
    await subscribed(channel, 6)
    await served.open('/ann')
    await subscribed(channel, 7)
  })

  scenario('over maxConnections an iterable is released, and a function is not called', async (stage) => {
    const calls: string[] = []
    const manager = stage.manager({ maxConnections: 0 })
    const served = await stage.serve(
      {
        '/function': ({ sse }) => sse(() => calls.push('function')),
        '/iterable': ({ sse }) =>
          sse({
            [Symbol.asyncIterator]: () => ({
              next: async () => ({ done: true, value: calls.push('next') }),
              return: async () => ({ done: true, value: calls.push('return') }),
            }),
          }),
      },
      { manager },
    )
    await (await served.open('/function')).end()
    await (await served.open('/iterable')).end()
    await (await served.request(1)).outcome()
    assert.deepEqual(calls, ['return'])
  })

  const readers: readonly (readonly [what: string, source: (channel: SseChannel) => SseSource])[] = [
    ['a channel', (channel) => channel],
    ['merged channels', (channel) => merge(channel, new SseChannel('other'))],
    ['a function that returns a channel', (channel) => () => channel],
    ['a function that subscribes to a channel', (channel) => (connection) => connection.subscribe(channel)],
  ]
  const overloads = readers.flatMap((reader) => (['retry', 'reject'] as const).map((how) => [how, ...reader] as const))
  for (const [overload, what, source] of overloads) {
    scenario(`overload: '${overload}' also applies to ${what} while the broker is down`, async (stage) => {
      const down = new SseError('ERR_SSE_BACKPLANE', 'the broker is down')
      const refuse = (): Promise<never> => Promise.reject(down)
      const manager = stage.manager({
        overload,
        backplane: { publish: refuse, subscribe: refuse, read: refuse, close: async () => {} },
      })
      const served = await stage.serve(({ sse }) => sse(source(manager.getOrCreate('news'))), { manager })
      const reader = await served.open()
      if (overload === 'retry') await assertRetryOnly(reader, 0)
      else assert.equal(reader.status, 503)
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'error' })
      assert.deepEqual(stage.errors, [down])
      assert.deepEqual(served.reported, [])
    })
  }
}

interface Full {
  readonly served: Served
  readonly manager: SseManager
  readonly first: EventReader
  readonly channel: SseChannel
}

async function full(stage: Stage, options: ManagerOptions): Promise<Full> {
  const manager = stage.manager(options)
  const channel: SseChannel = manager.getOrCreate('news')
  const served = await stage.serve(({ sse }) => sse(channel), { manager })
  const first = await served.open()
  await eventually(() => manager.stats().connections === 1, 'the first connection')
  return { served, manager, first, channel }
}

/** An empty stream that says when to retry: an EventSource gives up on any status but 200. */
async function assertRetryOnly(reader: EventReader, minRetryMs: number): Promise<void> {
  assert.equal(reader.status, 200)
  assert.equal(reader.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(await reader.end(), 'complete')
  assert.deepEqual(reader.events, [])
  assert.equal(reader.retries.length, 1)
  assert.equal((reader.retries[0] ?? -1) >= minRetryMs, true)
}
