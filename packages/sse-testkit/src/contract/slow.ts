import { strict as assert } from 'node:assert'
import { type CloseReason, memoryBackplane, merge, SseChannel, type SseSource } from '@ssekit/sse-core'
import { eventually, oneTurn, poll } from './eventually.js'
import { BIG, fillSocket, fullSocket, isFull } from './full-socket.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData } from './take-events.js'

/** Clients that do not read. */
export function slowScenarios({ scenario }: Script): void {
  scenario(
    'a client that stalls for writeTimeoutMs is disconnected as slow, and others get every event',
    async (stage) => {
      const manager = stage.manager({ writeTimeoutMs: 2_000, history: { maxBytes: 1024 } })
      const channel = manager.getOrCreate('news')
      const reasons: CloseReason[] = []
      const served = await stage.serve(({ sse }) => sse(channel, { onClose: (reason) => reasons.push(reason) }), {
        manager,
      })
      const stalled = await served.open('/', { isPaused: true })
      const request = await served.request()
      const reads = await served.open()
      await subscribed(channel, 2)
      let sent = 0
      while (channel.subscriberCount === 2) {
        sent += 1
        // Big ones, one after another, only until the socket is full: otherwise the other client would receive hundreds of
        // megabytes, and this process would be busy for all of writeTimeoutMs.
        const full = isFull(request.res)
        if (full) await poll()
        await channel.broadcast(full ? `${sent}` : `${sent} ${BIG}`)
        assert.equal((await takeData(reads, 1))[0]?.split(' ')[0], String(sent))
      }
      assert.deepEqual(await request.outcome(), { reason: 'slow' })
      assert.deepEqual(reasons, ['slow'])
      stalled.resume()
      assert.equal(await stalled.end(), 'cut')
      await channel.broadcast('last')
      assert.deepEqual(await takeData(reads, 1), ['last'])
      assert.deepEqual(manager.stats().closed, { slow: 1 })
    },
  )

  scenario('a client that does not read gets no heartbeats, and they do not delay its disconnect', async (stage) => {
    const manager = stage.manager({ writeTimeoutMs: 150 })
    const channel = manager.getOrCreate('news')
    let beats = 0
    const heartbeat = (): string => {
      beats += 1
      return 'beat'
    }
    const served = await stage.serve(({ sse }) => sse(channel, { heartbeatMs: 10, heartbeat }), { manager })
    await served.open('/', { isPaused: true })
    const request = await served.request()
    await subscribed(channel)
    await fillSocket(channel, request)
    const before = beats
    assert.deepEqual(await request.outcome(), { reason: 'slow' })
    assert.equal(beats, before, 'heartbeats into a full socket')
  })

  scenario('a slow client gets all events in order when it reads again', async (stage) => {
    const channel = new SseChannel('news', { history: { maxBytes: 64 * 1024 * 1024 } })
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open('/', { isPaused: true })
    await subscribed(channel)
    const { length } = await fillSocket(channel, await served.request())
    for (const number of numbers(length + 1, length + 20)) await channel.broadcast(`${number} behind`)
    reader.resume()
    const data = await takeData(reader, length + 20)
    assert.deepEqual(
      data.map((text) => text.split(' ')[0]),
      numbers(1, length + 20),
    )
    await channel.broadcast('live again')
    assert.deepEqual(await takeData(reader, 1), ['live again'])
  })

  scenario(
    'a slow client that misses evicted events gets a gap, and continues with the retained ones',
    async (stage) => {
      const channel = new SseChannel('news', { history: { maxEvents: 4, maxBytes: 64 * 1024 * 1024 } })
      const served = await stage.serve(({ sse }) => sse(channel))
      const reader = await served.open('/', { isPaused: true })
      await subscribed(channel)
      await fillSocket(channel, await served.request())
      const ids: string[] = []
      for (const data of numbers(1, 12)) {
        ids.push(await channel.broadcast(data))
        await oneTurn()
      }
      reader.resume()
      await reader.until(() => dataOf(reader).at(-1) === '12', 'the newest event')
      const at = reader.events.findIndex(({ event }) => event === 'sse-gap')
      const gap = JSON.parse(reader.events[at]?.data ?? '') as unknown
      assert.deepEqual(gap, { lastEventId: reader.events[at - 1]?.id, oldestId: ids.at(-4) })
      assert.deepEqual(
        reader.events.slice(at + 1).map(({ data }) => data),
        numbers(9, 12),
      )
    },
  )

  const subscriptions: readonly (readonly [what: string, source: (channel: SseChannel) => SseSource])[] = [
    ['a channel', (channel) => channel],
    ['a filtered channel', (channel) => channel.listen({ filter: () => true })],
    ['several channels', (channel) => merge(channel, new SseChannel('other'))],
  ]
  for (const [what, source] of subscriptions) {
    scenario(
      `a slow client of ${what} gets from the backplane what its node has evicted, without a gap`,
      async (stage) => {
        const history = { maxEvents: 4, maxBytes: 64 * 1024 * 1024 }
        const manager = stage.manager({ backplane: memoryBackplane(), history })
        const channel = manager.getOrCreate('news')
        const served = await stage.serve(({ sse }) => sse(source(channel)), { manager })
        const reader = await served.open('/', { isPaused: true })
        await subscribed(channel)
        const { length } = await fillSocket(channel, await served.request())
        for (const number of numbers(length + 1, length + 20)) {
          await channel.broadcast(`${number} behind`)
          await oneTurn()
        }
        reader.resume()
        const data = await takeData(reader, length + 20)
        assert.deepEqual(
          data.map((text) => text.split(' ')[0]),
          numbers(1, length + 20),
        )
        await channel.broadcast('live again')
        assert.deepEqual(await takeData(reader, 1), ['live again'])
      },
    )
  }

  scenario('a function that awaits send() sends no faster than the client reads', async (stage) => {
    let sent = 0
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        for (; sent < 1_000; sent++) if (!(await connection.send(BIG))) return
      }),
    )
    const reader = await served.open('/', { isPaused: true })
    await fullSocket(await served.request())
    assert.equal(sent < 500, true, `${sent} sent`)
    reader.abort()
  })

  scenario('an iterable is not read faster than the socket accepts data', async (stage) => {
    let asked = 0
    const served = await stage.serve(({ sse }) =>
      sse(
        (function* () {
          for (; asked < 1_000; asked++) yield BIG
        })(),
      ),
    )
    const reader = await served.open('/', { isPaused: true })
    await fullSocket(await served.request())
    assert.equal(asked < 500, true, `${asked} asked for`)
    reader.abort()
  })

  scenario('sends that wait for a full socket arrive before the stream ends', async (stage) => {
    let sent = 0
    const served = await stage.serve(({ sse }) =>
      sse(async (connection) => {
        for (let isSent = true; isSent; sent++) {
          isSent = false
          void connection.send(`${sent} ${BIG}`).then(() => {
            isSent = true
          })
          await oneTurn()
        }
        void connection.send('last')
        void connection.send('words')
      }),
    )
    const reader = await served.open('/', { isPaused: true })
    await eventually(() => served.manager.stats().connections === 0, 'the function to return')
    reader.resume()
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(dataOf(reader).slice(sent), ['last', 'words'])
  })

  scenario('iterables and awaited sends lose nothing, even if they exceed maxBufferedBytes in total', async (stage) => {
    const manager = stage.manager({ maxBufferedBytes: 1_000 })
    const texts = numbers(1, 20).map((number) => `${number} ${'x'.repeat(100)}`)
    const served = await stage.serve(
      {
        '/iterable': ({ sse }) => sse(texts),
        '/function': ({ sse }) =>
          sse(async (connection) => {
            for (const text of texts) await connection.send(text)
          }),
      },
      { manager },
    )
    for (const path of ['/iterable', '/function']) {
      const reader = await served.open(path)
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(dataOf(reader), texts)
    }
  })

  scenario('sends that are not awaited end the stream as slow at maxBufferedBytes', async (stage) => {
    const manager = stage.manager({ maxBufferedBytes: 100_000 })
    const small = 'x'.repeat(1_000)
    let calls = 0
    const served = await stage.serve(
      ({ sse }) =>
        sse((connection) => {
          // All in one turn of the event loop, so that even a client that reads could not receive them in time.
          while (connection.closeReason === undefined && calls < 50_000) {
            void connection.send(small)
            calls += 1
          }
        }),
      { manager },
    )
    served.start()
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'slow' })
    assert.equal(calls >= 90 && calls < 50_000, true, `${calls} sent`)
    assert.deepEqual(stage.errors, [])
  })
}
