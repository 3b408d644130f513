import { strict as assert } from 'node:assert'
import {
  type CloseReason,
  type ConnectionStats,
  merge,
  SseChannel,
  type SseOptions,
  type SseSource,
} from '@ssekit/sse-core'
import type { EventReader } from '../reader.js'
import { eventually } from './eventually.js'
import { fillSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { takeData } from './take-events.js'

type Call = readonly [reason: CloseReason, stats: ConnectionStats]

/** What `onClose` and `manager.stats()` report about a stream. */
export function statsScenarios({ scenario }: Script): void {
  scenario('onClose is called once, with the close reason and the stats of the stream', async (stage) => {
    const calls: Call[] = []
    const served = await stage.serve(({ sse }) => sse(['a', 'bc'], { onClose: (...call) => calls.push(call) }))
    const reader = await served.open()
    await reader.end()
    await (await served.request()).outcome()
    const [[reason, stats] = assert.fail('onClose was not called')] = calls
    assert.equal(calls.length, 1)
    assert.equal(reason, 'end')
    assert.equal(stats.events, 2)
    assertReceived(stats, reader)
  })

  const streams: readonly (readonly [what: string, source: (channels: Channels) => SseSource, options: SseOptions])[] =
    [
      ['a channel', ({ one }) => one, {}],
      ['a filtered channel', ({ one }) => one, { filter: ({ data }) => data !== 'ä2', eol: '\r\n' }],
      ['several channels', ({ one, two }) => merge(one, two), {}],
      [
        'a function',
        ({ one, two }) =>
          async (connection) => {
            void connection.subscribe(one)
            void connection.subscribe(two)
            await connection.send({ event: 'own', data: 'ü' })
            await new Promise(() => {})
          },
        { eol: '\r' },
      ],
    ]
  for (const [what, sourceOf, options] of streams) {
    scenario(
      `the stats of ${what} count what its client received: gap, replay, live events and heartbeats`,
      async (stage) => {
        const manager = stage.manager()
        const channels = { one: new SseChannel('one'), two: new SseChannel('two') }
        const calls: Call[] = []
        let beganAt = 0
        const served = await stage.serve(
          ({ sse }) => {
            beganAt = performance.now()
            return sse(sourceOf(channels), { heartbeatMs: 20, ...options, onClose: (...call) => calls.push(call) })
          },
          { manager },
        )
        for (const data of ['ä1', 'ä2', 'ä3']) await channels.one.broadcast(data)
        const reader = await served.resume('unknown')
        await reader.until(({ text }) => text.includes('ä3'), 'the replay')
        const openSince = performance.now()
        for (const data of ['ä4', 'ä5']) await channels.one.broadcast({ event: 'news', data })
        await reader.until(({ comments }) => comments.length >= 2, 'heartbeats')
        const openUntil = performance.now()
        assert.equal(
          manager.disconnect(() => true),
          1,
        )
        assert.equal(await reader.end(), 'complete')
        await eventually(() => calls.length > 0, 'onClose')
        const endedAt = performance.now()
        const [[reason, stats] = assert.fail()] = calls
        assert.equal(reason, 'kicked')
        const gaps = reader.events.filter(({ event }) => event === 'sse-gap').length
        assert.equal(gaps > 0, true)
        assertReceived(stats, reader)
        assert.equal(stats.durationMs >= openUntil - openSince, true)
        assert.equal(stats.durationMs <= endedAt - beganAt, true)
        const sums = manager.stats()
        assert.deepEqual(
          { events: sums.events, bytes: sums.bytes, gaps: sums.gaps },
          { events: stats.events, bytes: stats.bytes, gaps },
        )
      },
    )
  }

  scenario('a refused stream and a null source count no events and no bytes', async (stage) => {
    const manager = stage.manager({ maxConnectionsPerKey: 0 })
    const calls: Call[] = []
    const onClose = (...call: Call): number => calls.push(call)
    const served = await stage.serve(
      {
        '/refused': ({ sse }) => sse(['never'], { key: 'ann', onClose }),
        '/nothing': ({ sse }) => sse(null, { onClose }),
      },
      { manager },
    )
    for (const path of ['/refused', '/nothing']) await (await served.open(path)).end()
    await eventually(() => calls.length === 2, 'both')
    assert.deepEqual(
      calls.map(([reason, { events, bytes }]) => [reason, events, bytes]),
      [
        ['limit', 0, 0],
        ['end', 0, 0],
      ],
    )
    const { events, bytes, gaps, closed } = manager.stats()
    assert.deepEqual({ events, bytes, gaps, closed }, { events: 0, bytes: 0, gaps: 0, closed: { limit: 1, end: 1 } })
  })

  scenario(
    'a slow client is cut after writeTimeoutMs, and its stats count at least what it received',
    async (stage) => {
      const writeTimeoutMs = 50
      const manager = stage.manager({ writeTimeoutMs })
      const channel = manager.getOrCreate('news')
      const calls: Call[] = []
      let [writtenAt, closedAt] = [0, 0]
      const options: SseOptions = {
        // Called before each write, including the one that fills the socket.
        filter: () => {
          writtenAt = performance.now()
          return true
        },
        onClose: (...call) => {
          closedAt = performance.now()
          calls.push(call)
        },
      }
      const served = await stage.serve(({ sse }) => sse(channel, options), { manager })
      const reader = await served.open('/', { isPaused: true })
      await subscribed(channel)
      await fillSocket(channel, await served.request())
      await eventually(() => calls.length > 0, 'onClose')
      reader.resume()
      assert.equal(await reader.end(), 'cut')
      const [[reason, stats] = assert.fail()] = calls
      assert.equal(reason, 'slow')
      assert.equal(stats.bytes >= Buffer.byteLength(reader.text), true)
      assert.equal(stats.events >= countOf(reader), true)
      // By another clock, a timer may fire a millisecond early.
      assert.equal(closedAt - writtenAt >= writeTimeoutMs - 1, true, `${closedAt - writtenAt} ms`)
    },
  )

  scenario(
    'manager.stats() counts the events and bytes of open streams, and keeps them when they end',
    async (stage) => {
      const manager = stage.manager()
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel), { manager })
      const readers = await Promise.all([served.open(), served.open()])
      await subscribed(channel, 2)
      await channel.broadcast('for both')
      for (const reader of readers) assert.deepEqual(await takeData(reader, 1), ['for both'])
      const written = (): unknown => {
        const { events, bytes, connections, closed } = manager.stats()
        return { events, bytes, connections, closed }
      }
      const events = readers.reduce((sum, reader) => sum + countOf(reader), 0)
      const bytes = readers.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
      assert.deepEqual(written(), { events, bytes, connections: 2, closed: {} })
      readers[0]?.abort()
      await subscribed(channel)
      assert.deepEqual(written(), { events, bytes, connections: 1, closed: { client: 1 } })
    },
  )
}

interface Channels {
  readonly one: SseChannel
  readonly two: SseChannel
}

/** Counts events, and comments that stand alone: heartbeats. */
function countOf({ events, comments }: EventReader): number {
  return events.length + comments.length
}

function assertReceived(stats: ConnectionStats, reader: EventReader): void {
  assert.deepEqual(
    { events: stats.events, bytes: stats.bytes },
    { events: countOf(reader), bytes: Buffer.byteLength(reader.text) },
  )
}
