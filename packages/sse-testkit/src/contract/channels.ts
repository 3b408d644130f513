import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { numbers, takeData, takeNews } from './take-events.js'

/** Live delivery of channels. */
export function channelScenarios({ scenario }: Script): void {
  scenario('every client gets every event once, in order, with the id that broadcast() resolves to', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const readers = await Promise.all([served.open(), served.open(), served.open()])
    await subscribed(channel, 3)
    // Every other one is awaited.
    const ids: Promise<string>[] = []
    for (const data of numbers(1, 20)) {
      const id = channel.broadcast({ event: 'tick', data })
      ids.push(id)
      if (Number(data) % 2 === 0) await id
    }
    const expected = (await Promise.all(ids)).map((id, index) => ({ event: 'tick', data: String(index + 1), id }))
    for (const reader of readers) assert.deepEqual(await takeNews(reader, 20), expected)
  })

  scenario('a client receives every field of a broadcast event', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
    const reader = await served.open()
    await channel.broadcast({ event: 'order', data: { text: 'a\nb\r\nc\rd\u2028e\n' }, retry: 9, comment: 'x\ny' })
    await channel.broadcast({ data: 'a\nb\r\nc\rd\u2028e\n', id: 'mine' })
    assert.deepEqual(
      (await takeNews(reader, 2)).map(({ event, data }) => ({ event, data })),
      [
        { event: 'order', data: JSON.stringify({ text: 'a\nb\r\nc\rd\u2028e\n' }) },
        { event: 'message', data: 'a\nb\nc\nd\u2028e\n' },
      ],
    )
    assert.equal(reader.lastEventId, 'mine')
    assert.equal(reader.retries.at(-1), 9)
    assert.deepEqual(reader.comments, ['x', 'y'])
    assert.deepEqual(reader.mistakes, [])
  })

  scenario('broadcast() rejects an invalid event with ERR_SSE_INVALID_EVENT, and no client gets it', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { checkpoints: false }))
    const reader = await served.open()
    for (const event of [{ event: 'bad!\nbad!' }, { data: 'bad!', id: 'a\rb' }, { data: 1n }, { retry: -1 }]) {
      await assert.rejects(channel.broadcast(event), { name: 'SseError', code: 'ERR_SSE_INVALID_EVENT' })
    }
    await channel.broadcast('good')
    assert.deepEqual(await takeData(reader, 1), ['good'])
    assert.equal(reader.text.includes('bad!'), false)
  })

  scenario(
    'the filters of a response and of listen() apply to replayed and live events, and combine',
    async (stage) => {
      const channel = new SseChannel('news')
      const before = await channel.broadcast('0')
      await channel.broadcast({ event: 'odd', data: '1' })
      await channel.broadcast({ event: 'even', data: '2' })
      const served = await stage.serve({
        '/response': ({ sse }) => sse(channel, { filter: ({ event }) => event === 'odd' }),
        '/listen': ({ sse }) => sse(channel.listen({ filter: ({ event }) => event === 'odd' })),
        '/both': ({ sse }) =>
          sse(channel.listen({ filter: ({ event }) => event === 'odd' }), { filter: ({ data }) => data !== '1' }),
      })
      const [response, listen, both] = await Promise.all([
        served.resume(before, '/response'),
        served.resume(before, '/listen'),
        served.resume(before, '/both'),
      ])
      await subscribed(channel, 3)
      await channel.broadcast({ event: 'even', data: '4' })
      await channel.broadcast({ event: 'odd', data: '3' })
      assert.deepEqual(await takeData(response, 2), ['1', '3'])
      assert.deepEqual(await takeData(listen, 2), ['1', '3'])
      assert.deepEqual(await takeData(both, 1), ['3'])
    },
  )

  scenario('a filter also applies to the events of an iterable', async (stage) => {
    const served = await stage.serve(({ sse }) => sse(numbers(1, 6), { filter: ({ data }) => Number(data) % 2 === 0 }))
    assert.deepEqual(await takeData(await served.open(), 3), ['2', '4', '6'])
  })

  scenario("a channel emits 'subscribe' and 'unsubscribe' with the connection", async (stage) => {
    const channel = new SseChannel('news')
    const reported: string[] = []
    channel.on('subscribe', (connection) => reported.push(`+${String(connection?.context)}`))
    channel.on('unsubscribe', (connection) => reported.push(`-${String(connection?.context)}`))
    const served = await stage.serve(({ sse }) => sse(channel, { context: 'ann' }))
    const reader = await served.open()
    await subscribed(channel)
    reader.abort()
    await subscribed(channel, 0)
    assert.deepEqual(reported, ['+ann', '-ann'])
  })

  scenario('clients that connect and disconnect during broadcasts do not disturb another client', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const stays = await served.open()
    await subscribed(channel)
    const sending = (async () => {
      for (const data of numbers(1, 200)) {
        await channel.broadcast(data)
        if (Number(data) % 20 === 0) await new Promise(setImmediate)
      }
    })()
    for (let visit = 0; visit < 5; visit++) (await served.open()).abort()
    await sending
    assert.deepEqual(await takeData(stays, 200), numbers(1, 200))
  })
}
