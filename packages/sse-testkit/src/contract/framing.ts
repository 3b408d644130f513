import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers } from './take-events.js'

/** HTTP/1 framing to the byte, and what precedes and follows a stream on its connection. */
export function framingScenarios({ scenario, traits }: Script): void {
  if (traits.httpVersion !== 1) return

  scenario('a connection can be reused after a finite stream', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(numbers(1, 3)))
    const client = await served.raw()
    for (let visit = 0; visit < 3; visit++) {
      client.send({})
      const response = await client.whole(visit)
      assert.deepEqual(dataOf(response), numbers(1, 3))
      assert.deepEqual(response.header('content-type'), ['text/event-stream; charset=utf-8'])
    }
  })

  scenario('events that are broadcast in one tick are sent in one chunk, awaited or not', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({})
    await subscribed(channel)
    const response = await client.response()
    await client.until(() => response.events.length === 1, 'the checkpoint')
    const before = response.chunks.length
    for (const data of numbers(1, 5)) await channel.broadcast(data)
    for (const data of numbers(6, 10)) void channel.broadcast(data)
    await client.until(() => response.events.length === 11, 'ten events')
    assert.equal(response.chunks.length - before, 1)
  })

  scenario('an HTTP/1.0 client gets a stream without chunks, and the connection closes at its end', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const client = await served.raw({ version: '1.0' })
    await subscribed(channel)
    for (const data of numbers(1, 3)) await channel.broadcast(data)
    await channel.end()
    await client.closed
    const [response] = client.responses
    assert.deepEqual(response?.header('transfer-encoding'), [])
    assert.deepEqual(dataOf(response ?? assert.fail('no response')), numbers(1, 3))
    assert.match(response.text, /^retry: 2000\n\nid: /)
  })

  scenario(
    'a HEAD request pipelined between two streams gets no body, and the next stream is intact',
    async (stage) => {
      const served = await stage.serve(({ sse }) => sse(numbers(1, 3)))
      const client = await served.raw({}, { method: 'HEAD' }, {})
      const last = await client.whole(2)
      assert.deepEqual(dataOf(last), numbers(1, 3))
      assert.equal(client.responses[1]?.text, '')
    },
  )

  if (traits.api === 'node') {
    scenario(
      'a pipelined stream begins when the one before it has ended, and their events do not mix',
      async (stage) => {
        const [first, second] = [new SseChannel('first'), new SseChannel('second')]
        const served = await stage.serve({
          '/first': ({ sse }) => sse(first, { checkpoints: false }),
          '/second': ({ sse }) => sse(second, { checkpoints: false }),
        })
        const client = await served.raw({ path: '/first' }, { path: '/second' })
        await subscribed(first)
        for (const data of numbers(1, 5)) {
          await first.broadcast(`first ${data}`)
          await new Promise(setImmediate)
        }
        await client.until(() => client.responses[0]?.events.length === 5, 'the first stream')
        assert.equal(client.responses.length, 1)
        assert.equal(second.subscriberCount, 0)
        await first.end()
        await subscribed(second)
        for (const data of numbers(1, 5)) await second.broadcast(`second ${data}`)
        await second.end()
        const answers = [await client.whole(0), await client.whole(1)]
        assert.deepEqual(
          dataOf(answers[0] ?? assert.fail()),
          numbers(1, 5).map((data) => `first ${data}`),
        )
        assert.deepEqual(
          dataOf(answers[1] ?? assert.fail()),
          numbers(1, 5).map((data) => `second ${data}`),
        )
      },
    )
  }

  scenario('HTTP/1.0 and HTTP/1.1 clients receive an event as the same bytes', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const clients = [await served.raw({}), await served.raw({ version: '1.0' }), await served.raw({})]
    await subscribed(channel, 3)
    for (const data of ['ä€😀', 'x'.repeat(100_000), '']) {
      void channel.broadcast(data)
      await channel.broadcast({ event: 'again', data })
    }
    await channel.end()
    await eventually(() => clients.every(({ responses }) => responses[0]?.events.length === 7), 'seven events')
    const texts = clients.map(({ responses }) => responses[0]?.text)
    assert.equal(texts[1], texts[0])
    assert.equal(texts[2], texts[0])
  })
}
