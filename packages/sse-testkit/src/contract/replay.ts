import { strict as assert } from 'node:assert'
import { memoryBackplane, merge, SseChannel } from '@ssekit/sse-core'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { numbers, takeData, takeNews } from './take-events.js'

/** What a client gets when it reconnects or requests past events. */
export function replayScenarios({ scenario, traits }: Script): void {
  scenario('a client that reconnects gets each missed event once, in order, and then live events', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const first = await served.open()
    await subscribed(channel)
    for (const data of numbers(1, 3)) await channel.broadcast(data)
    const [, two] = await takeNews(first, 2)
    first.abort()
    for (const data of numbers(4, 6)) await channel.broadcast(data)
    const second = await served.resume(two?.id as string)
    assert.deepEqual(await takeData(second, 4), ['3', '4', '5', '6'])
    await channel.broadcast('7')
    assert.deepEqual(await takeData(second, 1), ['7'])
    assert.equal(second.text.includes('sse-gap'), false)
  })

  scenario(
    'the last event id is that of the lastEventId option, else of the header, else of ?lastEventId',
    async (stage) => {
      const channel = new SseChannel('news')
      const [one, two, three] = await Promise.all(numbers(1, 4).map((data) => channel.broadcast(data)))
      const served = await stage.serve({
        '/': ({ sse }) => sse(channel),
        '/option': ({ sse }) => sse(channel, { lastEventId: three }),
      })
      const query = await served.open(`/?lastEventId=${two}`)
      assert.deepEqual(await takeData(query, 1), ['3'])
      const both = await served.resume(one as string, `/?lastEventId=${two}`)
      assert.deepEqual(await takeData(both, 1), ['2'])
      const empty = await served.resume('', `/?lastEventId=${two}`)
      assert.deepEqual(await takeData(empty, 1), ['3'])
      const option = await served.resume(one as string, '/option')
      assert.deepEqual(await takeData(option, 1), ['4'])
    },
  )

  if (traits.api === 'node') {
    scenario('earlier middleware can change or remove the Last-Event-ID header', async (stage) => {
      const channel = new SseChannel('news')
      const [one, two, three] = await Promise.all(numbers(1, 4).map((data) => channel.broadcast(data)))
      const served = await stage.serve({
        '/written': ({ req, sse }) => {
          req.headers['last-event-id'] = two
          return sse(channel)
        },
        '/removed': ({ req, sse }) => {
          delete req.headers['last-event-id']
          return sse(channel)
        },
      })
      assert.deepEqual(await takeData(await served.open('/written'), 1), ['3'])
      assert.deepEqual(await takeData(await served.resume(one as string, '/written'), 1), ['3'])
      assert.deepEqual(await takeData(await served.resume(one as string, `/removed?lastEventId=${three}`), 1), ['4'])
    })
  }

  scenario('a client that resumes from the newest event gets only later events', async (stage) => {
    const channel = new SseChannel('news')
    await channel.broadcast('old')
    const newest = await channel.broadcast('newest')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.resume(newest)
    await subscribed(channel)
    await channel.broadcast('next')
    assert.deepEqual(await takeData(reader, 1), ['next'])
  })

  scenario('a client without a last event id gets only events that are broadcast later', async (stage) => {
    const channel = new SseChannel('news')
    await channel.broadcast('old')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open()
    await subscribed(channel)
    await channel.broadcast('new')
    assert.deepEqual(await takeData(reader, 1), ['new'])
  })

  scenario(
    'rewind replays the last events, counted before filtering, to clients without a last event id',
    async (stage) => {
      const channel = new SseChannel('news')
      const ids = await Promise.all(numbers(1, 6).map((data) => channel.broadcast(data)))
      const served = await stage.serve({
        '/': ({ sse }) => sse(channel, { rewind: 3 }),
        '/filtered': ({ sse }) => sse(channel, { rewind: 3, filter: ({ data }) => data !== '5' }),
        '/listen': ({ sse }) => sse(channel.listen({ rewind: 1 })),
        '/all': ({ sse }) => sse(channel, { rewind: Number.POSITIVE_INFINITY }),
      })
      assert.deepEqual(await takeData(await served.open('/'), 3), ['4', '5', '6'])
      assert.deepEqual(await takeData(await served.open('/filtered'), 2), ['4', '6'])
      assert.deepEqual(await takeData(await served.open('/listen'), 1), ['6'])
      assert.deepEqual(await takeData(await served.open('/all'), 6), numbers(1, 6))
      assert.deepEqual(await takeData(await served.resume(ids[4] as string), 1), ['6'])
    },
  )

  scenario(
    "a client resumes from a publisher's own id; if the id occurs twice, from the older event",
    async (stage) => {
      const channel = new SseChannel('news')
      for (const [id, data] of [
        ['a', '1'],
        ['same', '2'],
        ['b', '3'],
        ['same', '4'],
        ['c', '5'],
      ] as const) {
        assert.equal(await channel.broadcast({ id, data }), id)
      }
      const served = await stage.serve(({ sse }) => sse(channel))
      assert.deepEqual(await takeData(await served.resume('b'), 2), ['4', '5'])
      assert.deepEqual(await takeData(await served.resume('same'), 3), ['3', '4', '5'])
    },
  )

  scenario(
    "a client resumes from a publisher's id with a tilde, even if only the backplane still has it",
    async (stage) => {
      const manager = stage.manager({ backplane: memoryBackplane(), history: { maxEvents: 1 } })
      const channel = manager.getOrCreate('news')
      for (const id of ['a~1', 'a~2', 'a~3']) await channel.broadcast({ id, data: id })
      const served = await stage.serve(({ sse }) => sse(channel), { manager })
      const reader = await served.resume('a~1')
      assert.deepEqual(await takeData(reader, 2), ['a~2', 'a~3'])
    },
  )

  scenario('no event is lost or repeated between the replay and the live events', async (stage) => {
    const channel = new SseChannel('news')
    const ids = [await channel.broadcast('0')]
    const served = await stage.serve(({ sse }) => sse(channel))
    let isSending = true
    const sending = (async () => {
      for (let number = 1; isSending; number++) {
        ids.push(await channel.broadcast(String(number)))
        // Some share a turn of the event loop with others, some do not.
        if (number % 3 === 0) await new Promise(setImmediate)
      }
    })()
    for (let visit = 0; visit < 5; visit++) {
      const from = ids.length - 1
      const reader = await served.resume(ids[from] as string)
      assert.deepEqual(await takeData(reader, 30), numbers(from + 1, from + 30))
      reader.abort()
    }
    isSending = false
    await sending
  })

  scenario('a replay that is larger than the socket buffer arrives complete and in order', async (stage) => {
    const history = { maxEvents: 5_000, maxBytes: 64 * 1024 * 1024 }
    const channel = new SseChannel('news', { history })
    const start = await channel.broadcast('0')
    const padding = 'x'.repeat(4_000)
    await Promise.all(numbers(1, 1_000).map((number) => channel.broadcast(`${number} ${padding}`)))
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.resume(start)
    const data = await takeData(reader, 1_000)
    assert.deepEqual(
      data.map((text) => text.split(' ')[0]),
      numbers(1, 1_000),
    )
    await channel.broadcast('live')
    assert.deepEqual(await takeData(reader, 1), ['live'])
  })

  scenario(
    "a replay is complete even if a 'subscribe' listener broadcasts more than the history holds",
    async (stage) => {
      const history = { maxEvents: 3 }
      const [room, hall] = [new SseChannel('room', { history }), new SseChannel('hall', { history })]
      const served = await stage.serve({
        '/': ({ sse }) => sse(room, { rewind: 3 }),
        '/picked': ({ sse }) => sse(room, { rewind: 3, filter: ({ data }) => data !== 'other' }),
        '/function': ({ sse }) => sse((connection) => void connection.subscribe(room, { rewind: 3 })),
        '/both': ({ sse }) => sse(merge(room, hall), { rewind: 3, checkpoints: false }),
        '/behind': ({ sse }) => sse(merge(hall, room), { rewind: 3, checkpoints: false }),
      })
      const said = ['one', 'two', 'three']
      const refill = async (): Promise<string> => {
        const start = await room.broadcast('before')
        for (const data of said) await room.broadcast(data)
        await eventually(() => room.subscriberCount === 0, 'the previous client to disconnect')
        return start
      }
      // More than the history holds.
      const greet = (): void => {
        for (const data of numbers(1, 4)) void room.broadcast(`welcome ${data}`)
      }
      const welcome = numbers(1, 4).map((number) => `welcome ${number}`)
      for (const path of ['/', '/picked', '/function', '/both', '/behind']) {
        await refill()
        room.on('subscribe', greet)
        const reader = await served.open(path)
        assert.deepEqual(await takeData(reader, 7), [...said, ...welcome], path)
        room.off('subscribe', greet)
        reader.abort()
      }
      const start = await refill()
      room.on('subscribe', greet)
      assert.deepEqual(await takeData(await served.resume(start), 7), [...said, ...welcome])
    },
  )
}
