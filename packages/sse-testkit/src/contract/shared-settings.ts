import { strict as assert } from 'node:assert'
import { SseChannel, type SseManager, type SseOptions } from '@ssekit/sse-core'
import type { EventReader } from '../reader.js'
import { eventually, oneTurn } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import type { Served, Stage } from './stage.js'
import { takeData } from './take-events.js'

/** Streams of one channel share settings, except those that one of them sets for itself. */
export function sharedSettingScenarios({ scenario }: Script): void {
  const owns: readonly (readonly [
    name: string,
    options: SseOptions,
    isSeen: (own: EventReader) => Promise<unknown>,
  ])[] = [
    ['retryMs', { retryMs: 77 }, (own) => own.until(() => own.retries[0] === 77, 'its retry time')],
    ['eol', { eol: '\r' }, (own) => own.until(() => own.text.startsWith('retry: 2000\r\r'), 'its line endings')],
    ['heartbeatMs', { heartbeatMs: 10 }, (own) => own.until(() => own.comments.length > 1, 'its heartbeats')],
    ['maxConnectionAgeMs', { maxConnectionAgeMs: 10 }, (own) => own.end()],
  ]
  for (const [name, options, isSeen] of owns) {
    scenario(`${name} of one response does not affect other responses of the channel`, async (stage) => {
      const channel = new SseChannel('news')
      const served = await stage.serve({
        '/usual': ({ sse }) => sse(channel, { checkpoints: false }),
        '/own': ({ sse }) => sse(channel, { ...options, checkpoints: false }),
      })
      // The stream with its own option comes first, so that later ones find its settings; then the order is reversed.
      await isSeen(await served.open('/own'))
      const before = await served.open('/usual')
      await isSeen(await served.open('/own'))
      const after = await served.open('/usual')
      await channel.broadcast('one')
      for (const usual of [before, after]) {
        assert.deepEqual(await takeData(usual, 1), ['one'])
        assert.match(usual.text, /^retry: 2000\n\nid: \S+\ndata: one\n\n$/)
      }
    })
  }

  scenario('retryMs of a channel applies only to its own streams, not to others of the manager', async (stage) => {
    const manager = stage.manager()
    const channels = [1, 2].map((retryMs) => manager.getOrCreate(`news ${retryMs}`, { retryMs }))
    const served = await stage.serve(
      {
        '/1': ({ sse }) => sse(channels[0] as SseChannel),
        '/2': ({ sse }) => sse(channels[1] as SseChannel),
        '/none': ({ sse }) => sse(['one']),
      },
      { manager },
    )
    const retryOf = async (path: string): Promise<number | undefined> => {
      const reader = await served.open(path)
      await reader.until(() => reader.retries.length > 0, 'the preamble')
      return reader.retries[0]
    }
    for (let round = 0; round < 2; round++) {
      assert.deepEqual([await retryOf('/1'), await retryOf('/2'), await retryOf('/none')], [1, 2, 2_000])
    }
  })

  scenario('an undocumented manager option of a response is ignored', async (stage) => {
    const other = stage.manager()
    // As from a caller without types: this option is not documented.
    const options = { manager: other, checkpoints: false }
    const served = await stage.serve(({ sse }) => sse(['one'], options))
    assert.deepEqual(await takeData(await served.open(), 1), ['one'])
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    assert.deepEqual([served.manager.stats().closed, other.stats().closed], [{ end: 1 }, {}])
  })

  scenario(
    'streams of a channel without a manager are counted and closed by the manager of their server',
    async (stage) => {
      const channel = new SseChannel('news')
      const managers = [stage.manager(), stage.manager()] as const
      const serve = (manager: SseManager): Promise<Served> => stage.serve(({ sse }) => sse(channel), { manager })
      const [one, other] = [await serve(managers[0]), await serve(managers[1])]
      const readers = [await one.open(), await other.open(), await one.open(), await other.open(), await one.open()]
      await subscribed(channel, readers.length)
      assert.deepEqual(
        managers.map((manager) => manager.stats().connections),
        [3, 2],
      )
      await managers[1].close()
      assert.equal(channel.subscriberCount, 3)
    },
  )

  scenario('clients of one channel can have different line endings and start at different positions', async (stage) => {
    const channel = new SseChannel('news')
    const start = await channel.broadcast('0')
    await channel.broadcast('1')
    const served = await stage.serve({
      '/lf': ({ sse }) => sse(channel, { eol: '\n', checkpoints: false, heartbeatMs: 10 }),
      '/crlf': ({ sse }) => sse(channel, { eol: '\r\n', checkpoints: false, heartbeatMs: 10 }),
      '/cr': ({ sse }) => sse(channel, { eol: '\r', checkpoints: false, heartbeatMs: 10 }),
    })
    // Only the next heartbeat tells a parser that no LF follows the CR.
    const readers: EventReader[] = []
    for (const path of ['/lf', '/crlf', '/cr']) readers.push(await served.open(path), await served.resume(start, path))
    await channel.broadcast('2')
    for (const [index, reader] of readers.entries()) {
      const expected = index % 2 === 0 ? ['2'] : ['1', '2']
      assert.deepEqual(await takeData(reader, expected.length), expected)
      const others = [/\r/, /\r(?!\n)|(?<!\r)\n/, /\n/][Math.trunc(index / 2)] as RegExp
      assert.doesNotMatch(reader.text, others)
    }
  })

  scenario("a new client gets a checkpoint with the newest id, not an earlier client's", async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    await (await served.open()).take(1)
    const last = await channel.broadcast('before')
    assert.deepEqual((await (await served.open()).take(1))[0]?.id, last)
  })

  for (const [name, options, isKept] of lasting) {
    scenario(`the option ${name} still applies after the response headers are sent`, async (stage) => {
      await isKept(stage, options)
    })
  }
}

type Lasting = readonly [
  name: string,
  options: SseOptions,
  isKept: (stage: Stage, options: SseOptions) => Promise<void>,
]

/** What a stream still needs of its options after the response headers. */
const lasting: readonly Lasting[] = [
  [
    'context',
    { context: 'ann' },
    async (stage, options) => {
      const channel = new SseChannel('news')
      const served = await stage.serve(({ sse }) => sse(channel, options))
      const reader = await served.open()
      await subscribed(channel)
      await oneTurn()
      assert.equal(
        served.manager.disconnect(({ context }) => context === 'ann'),
        1,
      )
      assert.equal(await reader.end(), 'complete')
    },
  ],
  [
    'checkpoints: false',
    { checkpoints: false },
    async (stage, options) => {
      const [one, two] = [new SseChannel('one'), new SseChannel('two')]
      const served = await stage.serve(({ sse }) =>
        sse((connection) => {
          void connection.subscribe(one)
          void connection.subscribe(two)
        }, options),
      )
      const reader = await served.open()
      await subscribed(two)
      await two.broadcast('1')
      await reader.take(1)
      assert.deepEqual(
        reader.events.map(({ data }) => data),
        ['1'],
      )
    },
  ],
  [
    'heartbeat',
    { heartbeat: () => ({ comment: 'mine' }) },
    async (stage, options) => {
      const manager = stage.manager({ heartbeatMs: 10 })
      const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('news'), options), { manager })
      const reader = await served.open()
      await eventually(() => reader.comments.length > 2, 'heartbeats')
      assert.deepEqual(new Set(reader.comments), new Set(['mine']))
    },
  ],
]
