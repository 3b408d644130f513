import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import { faults } from '../faults.js'
import { fillSocket } from './full-socket.js'
import type { Script } from './scenario.js'
import { assertNoTrace, subscribed } from './server-state.js'
import type { Route } from './subject.js'
import { dataOf, numbers, takeData } from './take-events.js'

/** HTTP/1 clients that do not close properly, or that read in unusual ways. */
export function rudeClientScenarios({ scenario, traits }: Script): void {
  if (traits.httpVersion !== 1) return

  scenario('a connection reset counts as a disconnect', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({})
    await subscribed(channel)
    client.reset()
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
  })

  scenario('a connection reset while events are written counts as a disconnect', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({})
    await subscribed(channel)
    client.reset()
    for (const data of numbers(1, 50)) {
      void channel.broadcast(data)
      await new Promise(setImmediate)
    }
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
  })

  scenario('a connection reset in the middle of an event counts as a disconnect', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.ending(faults.stall(served.url))
    await subscribed(channel)
    await fillSocket(channel, await served.request())
    client.reset()
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
  })

  scenario('a client whose connection is reset after any byte resumes with the remaining events', async (stage) => {
    const channel = new SseChannel('news')
    const start = await channel.broadcast('0')
    const all = numbers(1, 3)
    await Promise.all(all.map((data) => channel.broadcast({ event: 'ä€😀', data })))
    const served = await stage.serve(({ sse }) => sse(channel))
    // Without chunks, a frame is seen as soon as it is complete, even if the next one has only begun.
    const request = { version: '1.0', headers: { 'Last-Event-ID': start } } as const
    const whole = await served.raw(request)
    await whole.until(() => whole.responses[0]?.events.length === 3, 'all events')
    for (let bytes = 1; bytes < whole.bytesRead; bytes += 11) {
      const client = await faults.resetAfter(served.url, bytes, request)
      const events = client.responses[0]?.events ?? []
      const reader = await served.resume(events.at(-1)?.id ?? start)
      assert.deepEqual([...events.map(({ data }) => data), ...(await takeData(reader, 3 - events.length))], all)
      reader.abort()
    }
    whole.destroy()
    await subscribed(channel, 0)
    assert.deepEqual([stage.errors, served.reported], [[], []])
  })

  scenario('a client that half-closes its connection counts as disconnected', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({})
    await subscribed(channel)
    client.halfClose()
    await client.closed
    await assertNoTrace(stage, { served, request: await served.request(), channels: [channel] })
  })

  scenario('a client that disconnects without waiting for the response leaves nothing behind', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({})
    // A TLS socket that is destroyed earlier may never have sent the request.
    const request = await served.request()
    client.destroy()
    await assertNoTrace(stage, { served, request, channels: [channel] })
  })

  if (traits.api === 'node') {
    scenario(
      'pipelined requests behind a stream take no slot of the manager, and end with a disconnect',
      async (stage) => {
        const manager = stage.manager({ maxConnections: 2 })
        const channel = manager.getOrCreate('news')
        const served = await stage.serve(({ sse }) => sse(channel), { manager })
        const client = await served.raw({}, {}, {})
        const requests = await Promise.all([0, 1, 2].map((index) => served.request(index)))
        await subscribed(channel)
        // Those that wait take no slot from others.
        const other = await served.open()
        await subscribed(channel, 2)
        client.destroy()
        for (const request of requests) assert.deepEqual(await request.outcome(), { reason: 'client' })
        assert.equal(channel.subscriberCount, 1)
        other.abort()
        await subscribed(channel, 0)
        for (const request of requests) await assertNoTrace(stage, { served, request, channels: [channel] })
      },
    )

    scenario(
      'a disconnect also ends pipelined requests that still wait after an earlier stream has ended',
      async (stage) => {
        const channels = ['/0', '/1', '/2', '/3'].map((path) => new SseChannel(path))
        const routes = channels.map((channel): [string, Route] => [channel.name, ({ sse }) => sse(channel)])
        const served = await stage.serve(Object.fromEntries(routes))
        const client = await served.raw(...channels.map(({ name }) => ({ path: name })))
        await subscribed(channels[0] as SseChannel)
        await channels[0]?.end()
        await client.until(() => client.responses[1]?.events.length === 1, 'the second stream')
        client.destroy()
        for (const index of [1, 2, 3]) {
          const channel = channels[index] as SseChannel
          await assertNoTrace(stage, { served, request: await served.request(index), channels: [channel] })
        }
      },
    )
  }

  scenario('a client that reads one byte at a time receives all events', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(numbers(1, 20), { eol: '\r\n' }))
    const client = await served.raw()
    client.trickle().send({})
    assert.deepEqual(dataOf(await client.whole()), numbers(1, 20))
  })

  scenario(
    'a client that reads a byte now and then is disconnected as slow, like one that does not read',
    async (stage) => {
      const manager = stage.manager({ writeTimeoutMs: 150 })
      const channel = manager.getOrCreate('news')
      const served = await stage.serve(({ sse }) => sse(channel), { manager })
      const client = await served.ending(faults.drip(served.url))
      const request = await served.request()
      await subscribed(channel)
      await fillSocket(channel, request)
      for (let bytes = 0; channel.subscriberCount === 1; bytes++) {
        assert.equal(bytes < 3_000, true, `still connected after ${bytes} bytes`)
        await client.readBytes(1)
        // A turn of the event loop stands for a second here, so the client must read slowly in proportion.
        await new Promise((resolve) => {
          setTimeout(resolve, 1)
        })
      }
      assert.deepEqual(await request.outcome(), { reason: 'slow' })
      assert.equal(served.manager.stats().connections, 0)
    },
  )
}
