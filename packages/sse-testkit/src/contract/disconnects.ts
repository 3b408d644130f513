import { strict as assert } from 'node:assert'
import { type CloseReason, type ConnectionStats, SseChannel } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import { BIG, fullSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { assertNoTrace, subscribed } from './server-state.js'
import { numbers, takeData } from './take-events.js'
import { TimerWatch } from './timer-watch.js'

/** Clients that disconnect at any moment. */
export function disconnectScenarios({ scenario }: Script): void {
  scenario('a client that disconnects from an idle channel leaves nothing behind, including timers', async (stage) => {
    // Durations that nothing else uses, to identify the timers of the stream.
    const manager = stage.manager({ heartbeatMs: 61_440, writeTimeoutMs: 54_321, maxConnectionAgeMs: 987_654_321 })
    const channel = manager.getOrCreate('news')
    const timers = new TimerWatch((ms) => ms === 1_024 || ms === 54_321 || (ms > 790_000_000 && ms <= 987_654_321))
    const calls: [CloseReason, ConnectionStats][] = []
    const controller = new AbortController()
    const served = await stage.serve(
      ({ sse }) => sse(channel, { signal: controller.signal, onClose: (...call) => calls.push(call) }),
      { manager },
    )
    const reader = await served.open()
    await subscribed(channel)
    assert.equal(timers.count, 2, 'timers of an open stream: its heartbeat and its age')
    reader.abort()
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
    await timers.gone()
    timers.stop()
    assert.deepEqual(
      calls.map(([reason]) => reason),
      ['client'],
    )
    assert.deepEqual(manager.stats().closed, { client: 1 })
  })

  scenario('a client that disconnects before the response headers leaves nothing behind', async (stage) => {
    let signal: AbortSignal | undefined
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        signal = connection.signal
        await new Promise<void>((resolve) => {
          connection.signal.addEventListener('abort', () => resolve())
        })
        // Sending too late does no harm.
        assert.equal(await connection.send('nobody'), false)
      }),
    )
    const leave = served.start()
    await eventually(() => signal !== undefined, 'the function')
    leave()
    await assertNoTrace(stage, { served, request: await served.request() })
    assert.equal(signal?.aborted, true)
  })

  scenario('a disconnect calls return() of a waiting iterator at once, and does not await it', async (stage) => {
    const calls: string[] = []
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          calls.push('next')
          return new Promise(() => {})
        },
        return() {
          calls.push('return')
          return new Promise(() => {})
        },
      }),
    }
    const served = await stage.serve(({ sse }) => sse(source))
    const reader = await served.open()
    reader.abort()
    await assertNoTrace(stage, { served, request: await served.request() })
    assert.deepEqual(calls, ['next', 'return'])
  })

  scenario(
    "a generator's finally block runs once after a disconnect, and its error goes only to onError",
    async (stage) => {
      let runs = 0
      const late = new Error('from finally')
      const served = await stage.serve(({ sse }) =>
        sse(
          (async function* () {
            try {
              for (;;) {
                yield 'x'
                await new Promise(setImmediate)
              }
            } finally {
              runs += 1
              if (runs === 1) await Promise.reject(late)
            }
          })(),
        ),
      )
      const reader = await served.open()
      await reader.take(2)
      reader.abort()
      const request = await served.request()
      assert.deepEqual(await request.outcome(), { reason: 'client' })
      await eventually(() => stage.errors.length > 0, 'onError')
      assert.equal(runs, 1)
      assert.deepEqual(stage.errors, [late])
      assert.deepEqual(served.reported, [])
    },
  )

  scenario('a client that disconnects during a replay that fills its socket leaves nothing behind', async (stage) => {
    const channel = new SseChannel('news', { history: { maxBytes: 64 * 1024 * 1024 } })
    const start = await channel.broadcast('0')
    for (const number of numbers(1, 80)) void channel.broadcast(`${number} ${BIG}`)
    await channel.broadcast('last')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open('/', { headers: { 'last-event-id': start }, isPaused: true })
    const request = await served.request()
    await fullSocket(request)
    reader.abort()
    await assertNoTrace(stage, { served, request, channels: [channel] })
  })

  scenario(
    'a client that disconnects while send() waits leaves nothing behind, and send() resolves to false',
    async (stage) => {
      let last: boolean | undefined
      const served = await stage.serve(({ sse }) =>
        sse(async (connection) => {
          do last = await connection.send(BIG)
          while (last)
        }),
      )
      const reader = await served.open('/', { isPaused: true })
      const request = await served.request()
      await fullSocket(request)
      assert.notEqual(last, false)
      reader.abort()
      await assertNoTrace(stage, { served, request })
      assert.equal(last, false)
    },
  )

  scenario('clients that disconnect are no longer counted, and the remaining one still gets events', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
    const stays = await served.open()
    const leaves = await Promise.all([served.open(), served.open(), served.open()])
    await subscribed(channel, 4)
    for (const reader of leaves) reader.abort()
    await subscribed(channel, 1)
    await channel.broadcast('still here')
    assert.deepEqual(await takeData(stays, 1), ['still here'])
    assert.equal(channel.cleanup(), 0)
    assert.equal(served.manager.stats().connections, 1)
  })

  scenario('a client that reconnects before its old connection is closed keeps the new one', async (stage) => {
    const manager = stage.manager({ maxConnectionsPerKey: 2 })
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel, { key: 'ann', checkpoints: false }), { manager })
    const before = await served.open()
    const after = await served.open()
    await subscribed(channel, 2)
    before.abort()
    await subscribed(channel, 1)
    await channel.broadcast('for the successor')
    assert.deepEqual(await takeData(after, 1), ['for the successor'])
    assert.equal(
      manager.disconnect(({ key }) => key === 'ann'),
      1,
    )
  })

  scenario('open(), close() and send() after the end do nothing, and send() resolves to false', async (stage) => {
    let late: Promise<boolean> | undefined
    const served = await stage.serve(({ sse }) =>
      sse((connection) => {
        connection.open()
        connection.signal.addEventListener('abort', () => {
          setImmediate(() => {
            connection.open()
            connection.close('error')
            late = connection.send('late')
          })
        })
        return new Promise(() => {})
      }),
    )
    const reader = await served.open()
    reader.abort()
    const request = await served.request()
    assert.deepEqual(await request.outcome(), { reason: 'client' })
    await eventually(() => late !== undefined, 'the late send')
    assert.equal(await late, false)
    assert.deepEqual(stage.errors, [])
  })
}
