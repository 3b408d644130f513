import { strict as assert } from 'node:assert'
import { getEventListeners, once } from 'node:events'
import { SseChannel } from '@ssekit/sse-core'
import { eventually, oneTurn } from './eventually.js'
import { fillSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { assertNoTrace, subscribed } from './server-state.js'
import type { Route } from './subject.js'
import { TimerWatch } from './timer-watch.js'

/** A stream that has ended keeps no timer and no listener. */
export function leftoverScenarios({ scenario, traits }: Script): void {
  // Durations that nothing else uses, to identify the timers of a stream.
  const settings = { heartbeatMs: 61_440, writeTimeoutMs: 54_321, maxConnectionAgeMs: 987_654_321 }
  const isOurs = (ms: number): boolean => ms === 1_024 || ms === 54_321 || (ms > 790_000_000 && ms <= 987_654_321)

  scenario(
    'a stream that has ended leaves no timers or listeners, even if its connection stays open',
    async (stage) => {
      const manager = stage.manager(settings)
      const controller = new AbortController()
      const timers = new TimerWatch(isOurs)
      const served = await stage.serve(({ sse }) => sse(['one', 'two'], { signal: controller.signal }), { manager })
      const reader = await served.open()
      assert.equal(await reader.end(), 'complete')
      const request = await served.request()
      assert.deepEqual(await request.outcome(), { reason: 'end' })
      await oneTurn()
      await timers.gone()
      timers.stop()
      assert.deepEqual(request.newListeners, [], 'listeners that stayed')
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
      // A signal that lives as long as the application must not collect one listener per stream.
      controller.abort()
    },
  )

  scenario(
    'a client that disconnected before sse() was called leaves nothing behind, and its source is released',
    async (stage) => {
      const calls: string[] = []
      const source: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: true, value: calls.push('next') }),
          return: async () => ({ done: true, value: calls.push('return') }),
        }),
      }
      const served = await stage.serve(async ({ sse, res }) => {
        await once(res, 'close')
        return sse(source)
      })
      const leave = served.start()
      const request = await served.request()
      leave()
      await request.closed
      await eventually(() => calls.length > 0, 'the release')
      await assertNoTrace(stage, { served, request })
      assert.deepEqual(calls, ['return'])
    },
  )

  scenario("a disconnect removes the stream's listener from a signal that lives longer", async (stage) => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const served = await stage.serve(({ sse }) => sse(channel, { signal: controller.signal }))
    const reader = await served.open()
    await subscribed(channel)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
    reader.abort()
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  scenario('a slow client that disconnects clears its write timeout', async (stage) => {
    const manager = stage.manager(settings)
    const channel = manager.getOrCreate('news')
    const timers = new TimerWatch((ms) => ms === 54_321)
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const reader = await served.open('/', { isPaused: true })
    await subscribed(channel)
    const request = await served.request()
    await fillSocket(channel, request)
    assert.equal(timers.count, 1, 'the timer of a full socket')
    reader.abort()
    await assertNoTrace(stage, { served, request, channels: [channel] })
    await timers.gone()
    timers.stop()
  })

  if (traits.httpVersion === 1) {
    scenario('pipelined streams leave no listeners on their connection', async (stage) => {
      const channels = ['/0', '/1', '/2'].map((path) => new SseChannel(path))
      const routes = channels.map((channel): [string, Route] => [channel.name, ({ sse }) => sse(channel)])
      const served = await stage.serve(Object.fromEntries(routes))
      const client = await served.raw(...channels.map(({ name }) => ({ path: name })))
      const requests = await Promise.all([0, 1, 2].map((index) => served.request(index)))
      for (const [index, channel] of channels.entries()) {
        await subscribed(channel)
        await channel.end({ data: index })
        await client.whole(index)
      }
      for (const request of requests) assert.deepEqual(await request.outcome(), { reason: 'end' })
      await oneTurn()
      for (const request of requests) assert.deepEqual(request.newListeners, [], 'listeners that stayed')
    })
  }

  scenario('a slow client that reads again clears its write timeout', async (stage) => {
    const manager = stage.manager({ ...settings, history: { maxBytes: 64 * 1024 * 1024 } })
    const channel = manager.getOrCreate('news')
    const timers = new TimerWatch((ms) => ms === 54_321)
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }), { manager })
    const reader = await served.open('/', { isPaused: true })
    await subscribed(channel)
    const { length } = await fillSocket(channel, await served.request())
    assert.equal(timers.count, 1, 'the timer of a full socket')
    reader.resume()
    await reader.take(length)
    await timers.gone()
    timers.stop()
  })
}
