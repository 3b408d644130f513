import { strict as assert } from 'node:assert'
import { merge, SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData, takeNews } from './take-events.js'

/** An unknown last event id neither crashes the server nor goes unreported. */
export function gapScenarios({ scenario, traits }: Script): void {
  const oddIds: readonly (readonly [what: string, id: string])[] = [
    ['is from a process that has exited', 'Zm9vYmFyYmF6.17'],
    // About as much as Node accepts.
    traits.httpVersion === 1 ? ['has 15 KB', 'x'.repeat(15_000)] : ['has 60 KB', 'x'.repeat(60_000)],
    ['looks like several positions', 'a~b~c'],
    ['is hostile JSON', '"},{"a":"'],
    ['is only a tilde', '~'],
    ['is the name of an object property', '__proto__'],
  ]
  for (const [what, id] of oddIds) {
    scenario(`a client whose last event id ${what} gets a gap and all retained events`, async (stage) => {
      const channel = new SseChannel('news')
      const [oldest] = await Promise.all(numbers(1, 3).map((data) => channel.broadcast(data)))
      const served = await stage.serve(({ sse }) => sse(channel))
      const reader = await served.resume(id)
      const [gap, ...rest] = await takeNews(reader, 4)
      assert.equal(gap?.event, 'sse-gap')
      assert.deepEqual(JSON.parse(gap.data), { lastEventId: id, oldestId: oldest })
      assert.deepEqual(
        rest.map(({ data }) => data),
        ['1', '2', '3'],
      )
    })
  }

  scenario("a client that reads everything gets no gap, even if another client's filter broadcasts", async (stage) => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    const served = await stage.serve({
      '/all': ({ sse }) => sse(channel),
      '/picky': ({ sse }) =>
        sse(channel, {
          filter: ({ data }) => {
            if (data !== 'two') return true
            process.nextTick(() => {
              for (const more of numbers(4, 6)) void channel.broadcast(more)
            })
            void channel.broadcast('three')
            return true
          },
        }),
    })
    const reader = await served.open('/all')
    await subscribed(channel)
    await served.open('/picky')
    await subscribed(channel, 2)
    await channel.broadcast('one')
    await channel.broadcast('two')
    assert.deepEqual(await takeData(reader, 6), ['one', 'two', 'three', '4', '5', '6'])
    assert.equal(reader.text.includes('sse-gap'), false)
  })

  scenario(
    'a gap names the last event received, even if a filter of another channel on the connection caused it',
    async (stage) => {
      const [news, orders] = [new SseChannel('news', { history: { maxEvents: 3 } }), new SseChannel('orders')]
      let isFlooding = true
      const filter = (): boolean => {
        // More than a log holds before it must evict immediately, broadcast while this connection is being asked about
        // another channel.
        for (let data = 0; isFlooding && data < 10_010; data++) void news.broadcast(String(data))
        isFlooding = false
        return true
      }
      let subscribeToOrders = (): unknown => undefined
      const served = await stage.serve(({ sse }) =>
        sse(async (connection) => {
          subscribeToOrders = () => connection.subscribe(orders, { filter })
          await connection.subscribe(news)
        }),
      )
      const reader = await served.open()
      await subscribed(news)
      const last = await news.broadcast('the last one')
      assert.deepEqual(await takeData(reader, 1), ['the last one'])
      void subscribeToOrders()
      await subscribed(orders)
      await orders.broadcast('flood')
      await reader.until(() => reader.text.includes('sse-gap'), 'the gap')
      const gap = reader.events.find(({ event }) => event === 'sse-gap')
      assert.equal(JSON.parse(gap?.data ?? '{}').lastEventId, last)
    },
  )

  scenario(
    'a last event id with line breaks in the query injects nothing, on one channel or several',
    async (stage) => {
      const [one, two] = [new SseChannel('one'), new SseChannel('two')]
      const known = await one.broadcast('1')
      await two.broadcast('2')
      const served = await stage.serve({
        '/one': ({ sse }) => sse(one),
        '/both': ({ sse }) => sse(merge(one, two)),
        '/each': ({ sse }) =>
          sse(async (connection) => {
            await Promise.all([connection.subscribe(one), connection.subscribe(two)])
          }),
      })
      for (const path of ['/one', '/both', '/each']) {
        for (const eol of ['\n', '\r', '\r\n', '\0']) {
          const evil = `x${eol}event: evil${eol}data: injected${eol}${eol}`
          for (const id of [evil, `${known}~${evil}`, `${evil}~${known}`, `${evil}~${evil}`]) {
            const reader = await served.open(`${path}?lastEventId=${encodeURIComponent(id)}`)
            assert.equal(reader.status, 200)
            const live = `live ${id}`
            await one.broadcast(JSON.stringify(live))
            await reader.until(() => dataOf(reader).includes(JSON.stringify(live)), 'the live event')
            assert.equal(
              reader.events.some(({ event }) => event === 'evil'),
              false,
            )
            assert.deepEqual(reader.mistakes, [])
            reader.abort()
          }
        }
      }
    },
  )

  scenario("an id with the log's epoch but a future sequence number causes a gap", async (stage) => {
    const channel = new SseChannel('news')
    const id = await channel.broadcast('1')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.resume(id.replace(/\d+$/, '999'))
    assert.deepEqual(
      (await takeNews(reader, 2)).map(({ event }) => event),
      ['sse-gap', 'message'],
    )
  })

  if (traits.httpVersion === 1) {
    scenario(
      'a Last-Event-ID header that is repeated or not UTF-8 causes a gap, and a blank one counts as none',
      async (stage) => {
        const channel = new SseChannel('news')
        await channel.broadcast('retained')
        const served = await stage.serve(({ sse }) => sse(channel))
        const odd = Buffer.from(Array.from({ length: 128 }, (_, index) => 0x80 + index))
        for (const values of [[odd], ['a', 'b'], [Buffer.from('\xff\t~')], [Buffer.from('ä€😀')]]) {
          const client = await served.raw({ headers: { 'Last-Event-ID': values } })
          const response = await client.response()
          assert.equal(response.status, 200)
          await client.until(() => dataOf(response).includes('retained'), 'the retained event')
          assert.equal(response.events[0]?.event, 'sse-gap')
          client.destroy()
        }
        const blank = await served.raw({ headers: { 'Last-Event-ID': '\t \t' } })
        await blank.until(() => blank.responses[0]?.events.length === 1, 'the checkpoint of a new client')
        assert.equal(blank.responses[0]?.events[0]?.event, 'sse-checkpoint')
      },
    )

    scenario('a gap returns a non-ASCII last event id unchanged', async (stage) => {
      const channel = new SseChannel('news')
      await channel.broadcast('retained')
      const served = await stage.serve(({ sse }) => sse(channel))
      const client = await served.raw({ headers: { 'Last-Event-ID': Buffer.from('ä€😀') } })
      const response = await client.response()
      await client.until(() => response.events.length > 0, 'the gap')
      assert.deepEqual(JSON.parse(response.events[0]?.data ?? ''), {
        lastEventId: 'ä€😀',
        oldestId: channel.lastEventId,
      })
    })
  }

  scenario('a client that resumes from the id of a gap gets the events after it, and no second gap', async (stage) => {
    const channel = new SseChannel('news')
    await Promise.all(numbers(1, 3).map((data) => channel.broadcast(data)))
    const served = await stage.serve(({ sse }) => sse(channel))
    const [gap] = await takeNews(await served.resume('unknown'), 1)
    // A client that loses its connection right after the gap resumes from the gap's id.
    const reader = await served.resume(gap?.id as string)
    assert.deepEqual(await takeData(reader, 3), ['1', '2', '3'])
    assert.equal(reader.text.includes('sse-gap'), false)
  })

  scenario(
    'a gap on an empty channel has oldestId null, and the stream continues with the first event',
    async (stage) => {
      const channel = new SseChannel('news')
      const served = await stage.serve(({ sse }) => sse(channel))
      const reader = await served.resume('unknown')
      const [gap] = await takeNews(reader, 1)
      assert.deepEqual(JSON.parse(gap?.data ?? ''), { lastEventId: 'unknown', oldestId: null })
      await channel.broadcast('first')
      assert.deepEqual(await takeData(reader, 1), ['first'])
      const again = await served.resume(gap?.id as string)
      assert.deepEqual(await takeData(again, 1), ['first'])
    },
  )

  scenario('an evicted id causes a gap, except the one just before the oldest retained event', async (stage) => {
    const channel = new SseChannel('news', { history: { maxEvents: 3 } })
    const ids: string[] = []
    for (const data of numbers(1, 6)) ids.push(await channel.broadcast(data))
    const served = await stage.serve(({ sse }) => sse(channel))
    const [gap, ...rest] = await takeNews(await served.resume(ids[1] as string), 4)
    assert.equal(gap?.event, 'sse-gap')
    assert.deepEqual(JSON.parse(gap.data), { lastEventId: ids[1], oldestId: ids[3] })
    assert.equal(gap.id, ids[2])
    assert.deepEqual(
      rest.map(({ data }) => data),
      ['4', '5', '6'],
    )
    assert.deepEqual(await takeData(await served.resume(ids[2] as string), 3), ['4', '5', '6'])
  })

  scenario('an id from before a restart causes a gap, even if as many events have been sent since', async (stage) => {
    const channels = [new SseChannel('news'), new SseChannel('news')]
    const [before] = await Promise.all(channels.map((channel) => channel.broadcast('1')))
    const served = await stage.serve(({ sse }) => sse(channels[1] as SseChannel))
    const reader = await served.resume(before as string)
    assert.deepEqual(
      (await takeNews(reader, 2)).map(({ event }) => event),
      ['sse-gap', 'message'],
    )
  })
}
