import { strict as assert } from 'node:assert'
import { type Backplane, type ManagerOptions, memoryBackplane, SseChannel } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import { oneTurn } from './eventually.js'
import { BIG, fillSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData } from './take-events.js'
import { TimerWatch } from './timer-watch.js'

/** Node itself closes idle connections after five seconds: a connection that closes sooner was closed by other code. */
const BEFORE_NODE_MS = 4_000

/** `manager.close()`, and servers that stop. */
export function shutdownScenarios({ scenario, traits }: Script): void {
  scenario(
    'manager.close() sends pending events, a last event and a retry time, and then ends the streams',
    async (stage) => {
      const manager = stage.manager()
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
      const readers = await Promise.all(numbers(1, 8).map(() => served.open()))
      await subscribed(channel, 8)
      void channel.broadcast('left over')
      await within(manager.close({ event: { event: 'bye', data: 'soon' }, retryMs: [1_000, 60_000] }), 'close()')
      for (const reader of readers) {
        assert.equal(await reader.end(), 'complete')
        assert.deepEqual(dataOf(reader), ['left over', 'soon'])
      }
      const retries = readers.map(({ retries: all }) => all.at(-1) ?? 0)
      assert.equal(
        retries.every((retry) => retry >= 1_000 && retry <= 60_000),
        true,
        String(retries),
      )
      // If all retry times were equal, all clients would reconnect at once.
      assert.equal(new Set(retries).size > 1, true, String(retries))
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'shutdown' })
      assert.equal(manager.stats().connections, 0)
    },
  )

  scenario('the retryMs of manager.close() can be a single number', async (stage) => {
    const manager = stage.manager()
    const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('news')), { manager })
    const reader = await served.open()
    await manager.close({ retryMs: 77 })
    await reader.end()
    assert.equal(reader.retries.at(-1), 77)
  })

  scenario('after manager.close() the server closes at once, including keep-alive connections', async (stage) => {
    const manager = stage.manager()
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    await Promise.all([served.open(), served.open(), served.open()])
    await subscribed(channel, 3)
    await within(manager.close(), 'close()')
    await within(served.close(), 'the server to close', BEFORE_NODE_MS)
  })

  if (traits.httpVersion === 1 && traits.api === 'node') {
    scenario('manager.close() closes the keep-alive connections of the streams that it ends', async (stage) => {
      const manager = stage.manager()
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel), { manager })
      const client = await served.raw({})
      await subscribed(channel)
      await manager.close()
      await within(client.closed, 'the connection to close', BEFORE_NODE_MS)
      assert.equal(client.responses[0]?.isComplete, true)
    })
  }

  scenario('a client that does not read is cut off after the graceMs of manager.close()', async (stage) => {
    const manager = stage.manager({ history: { maxBytes: 64 * 1024 * 1024 } })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const stalled = await served.open('/', { isPaused: true })
    await subscribed(channel)
    await fillSocket(channel, await served.request())
    await within(manager.close({ graceMs: 30 }), 'close()', 4_000)
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'shutdown' })
    await within(served.close(), 'the server to close', 4_000)
    stalled.resume()
    assert.equal(await stalled.end(), 'cut')
  })

  // Not over HTTP/2: Node 20.19 breaks off a stream over TLS that ends while this much of it is still in flight.
  if (traits.httpVersion === 1) {
    const kept: readonly (readonly [where: string, options: ManagerOptions])[] = [
      ['', { history: { maxBytes: 64 * 1024 * 1024 } }],
      [', even those that its node has evicted', { history: { maxEvents: 4 }, backplane: keepingAll() }],
    ]
    for (const [where, options] of kept) {
      scenario(
        `a slow client that reads again within graceMs gets all pending events${where}, then the last event`,
        async (stage) => {
          const manager = stage.manager(options)
          const channel = manager.getOrCreate('news')
          const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
          const reader = await served.open('/', { isPaused: true })
          await subscribed(channel)
          const { length } = await fillSocket(channel, await served.request())
          // More than the socket accepts when it drains for the first time.
          for (const number of numbers(length + 1, length + 40)) {
            await channel.broadcast(`${number} ${BIG}`)
            await oneTurn()
          }
          const closed = manager.close({ event: 'bye', graceMs: 60_000 })
          reader.resume()
          // Long before graceMs has passed, even on a busy machine.
          await within(closed, 'close()', 30_000)
          assert.equal(await reader.end(), 'complete')
          const data = dataOf(reader).map((text) => text.split(' ')[0])
          assert.deepEqual(data, [...numbers(1, length + 40), 'bye'])
          assert.deepEqual(await (await served.request()).outcome(), { reason: 'shutdown' })
        },
      )
    }

    scenario(
      'a client gets all events broadcast in the tick of manager.close(), even more than its socket holds',
      async (stage) => {
        const manager = stage.manager({ history: { maxBytes: 64 * 1024 * 1024 } })
        const channel = manager.getOrCreate('news')
        const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
        const reader = await served.open()
        await subscribed(channel)
        for (const number of numbers(1, 60)) void channel.broadcast(`${number} ${BIG}`)
        await within(manager.close({ event: 'bye', graceMs: 10_000 }), 'close()')
        assert.equal(await reader.end(), 'complete')
        const data = dataOf(reader).map((text) => text.split(' ')[0])
        assert.deepEqual(data, [...numbers(1, 60), 'bye'])
      },
    )
  }

  scenario('manager.close() does not wait for a client that disconnects within graceMs', async (stage) => {
    const manager = stage.manager({ history: { maxBytes: 64 * 1024 * 1024 } })
    const channel = manager.getOrCreate('news')
    const timers = new TimerWatch((ms) => ms === 87_654)
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const reader = await served.open('/', { isPaused: true })
    await subscribed(channel)
    await fillSocket(channel, await served.request())
    await channel.broadcast('behind')
    const closed = manager.close({ graceMs: 87_654 })
    assert.equal(timers.count, 1, 'the timer of graceMs')
    reader.abort()
    await within(closed, 'close()')
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'client' })
    await timers.gone()
    timers.stop()
  })

  scenario('manager.close() also sends the events of that tick from a channel without a manager', async (stage) => {
    const channel = new SseChannel('news')
    const manager = stage.manager()
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const reader = await served.open()
    await subscribed(channel)
    void channel.broadcast('left over')
    await within(manager.close({ event: 'bye', graceMs: 87_654 }), 'close()')
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(dataOf(reader), ['left over', 'bye'])
  })

  scenario(
    "manager.close() calls return() of iterators, aborts functions' signals, and awaits neither",
    async (stage) => {
      const manager = stage.manager()
      const calls: string[] = []
      const iterable: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return() {
            calls.push('return')
            return new Promise(() => {})
          },
        }),
      }
      const served = await stage.serve(
        {
          '/iterable': ({ sse }) => sse(iterable),
          '/function': ({ sse }) =>
            sse((connection) => {
              connection.signal.addEventListener('abort', () => calls.push('abort'))
              connection.open()
              return new Promise(() => {})
            }),
          '/before-the-head': ({ sse }) => sse(() => new Promise(() => {})),
        },
        { manager },
      )
      const opening = served.open('/before-the-head')
      await served.request()
      const readers = await Promise.all([served.open('/iterable'), served.open('/function')])
      await within(manager.close({ event: 'bye' }), 'close()')
      for (const reader of [...readers, await opening]) {
        assert.equal(await reader.end(), 'complete')
        assert.deepEqual(dataOf(reader), ['bye'])
      }
      assert.deepEqual(calls.sort(), ['abort', 'return'])
    },
  )

  scenario(
    'a client that connects after manager.close() gets only a retry time, even from a new channel',
    async (stage) => {
      const manager = stage.manager({ retryMs: 1_000 })
      const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('new')), { manager })
      await manager.close()
      const reader = await served.open()
      assert.equal(reader.status, 200)
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(reader.events, [])
      assert.equal((reader.retries[0] ?? 0) >= 1_000, true)
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'shutdown' })
      await assert.rejects(manager.getOrCreate('new').broadcast('1'), { code: 'ERR_SSE_CLOSED' })
      assert.deepEqual(manager.listChannels(), [])
    },
  )

  scenario('a second manager.close() sends nothing more', async (stage) => {
    const manager = stage.manager()
    const served = await stage.serve(({ sse }) => sse(manager.getOrCreate('news')), { manager })
    const reader = await served.open()
    await Promise.all([manager.close({ event: 'bye' }), manager.close({ event: 'bye' })])
    await manager.close()
    await reader.end()
    assert.deepEqual(dataOf(reader), ['bye'])
  })

  scenario('manager.close() rejects invalid options, and the manager stays open', async (stage) => {
    const manager = stage.manager()
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const reader = await served.open()
    await assert.rejects(manager.close({ graceMs: -1 }), /RangeError.*-1/)
    await assert.rejects(manager.close({ retryMs: [2, 1] }), RangeError)
    await assert.rejects(manager.close({ event: { event: 'a\nb' } }), { code: 'ERR_SSE_INVALID_EVENT' })
    await channel.broadcast('still here')
    assert.deepEqual(await takeData(reader, 1), ['still here'])
  })

  scenario('closing a manager does not end the streams of another one in the process', async (stage) => {
    const [closing, staying] = [stage.manager(), stage.manager()]
    const channel = staying.getOrCreate('news')
    const [first, second] = [
      await stage.serve(({ sse }) => sse(closing.getOrCreate('news')), { manager: closing }),
      await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager: staying }),
    ]
    const [ends, stays] = [await first.open(), await second.open()]
    await closing.close()
    await ends.end()
    await channel.broadcast('still here')
    assert.deepEqual(await takeData(stays, 1), ['still here'])
    assert.deepEqual(closing.stats().closed, { shutdown: 1 })
    assert.deepEqual(staying.stats().closed, {})
  })

  if (traits.endsStreamsOnClose) {
    scenario(
      'closing a server ends its own streams, not those of another server that shares the manager',
      async (stage) => {
        const channel = new SseChannel('news')
        const manager = stage.manager()
        const [first, second] = [
          await stage.serve(({ sse }) => sse(channel), { manager }),
          await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager }),
        ]
        const [ends, stays] = [await first.open(), await second.open()]
        await subscribed(channel, 2)
        await within(first.close(), 'the server to close')
        assert.equal(await ends.end(), 'complete')
        assert.deepEqual(await (await first.request()).outcome(), { reason: 'shutdown' })
        await channel.broadcast('still here')
        assert.deepEqual(await takeData(stays, 1), ['still here'])
      },
    )
  }
}

function keepingAll(): Backplane {
  return memoryBackplane({ history: { maxBytes: Number.POSITIVE_INFINITY } })
}
