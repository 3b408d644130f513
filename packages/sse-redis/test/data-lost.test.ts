import { afterEach, describe, expect, test } from '@jest/globals'
import type { ConnectionPredicate } from '@ssekit/sse-testkit'
import { npmEventSource } from '../../sse-testkit/test/clients/event-sources.js'
import type { Loop } from './loop.js'
import { insist } from './publishing.js'
import { everyClient, Stage, type StageNode } from './stage.js'
import { until } from './until.js'

const isBell: ConnectionPredicate = ({ sent }) => /subscribe/i.test(sent)

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  const client = npmEventSource()
  afterEach(async () => {
    await client.leave()
    await stage.end()
  })

  /** What a subscriber received, including gaps. */
  const received = ({ events }: Loop): unknown[] =>
    events.map(({ event, data }) => (event === 'sse-gap' ? 'gap' : data))

  const publish = async ({ backplane }: StageNode, ...all: unknown[]): Promise<void> => {
    for (const data of all) await insist(backplane, 'news', data)
  }

  const losses: [what: string, lose: (stage: Stage) => Promise<unknown>][] = [
    ['a restart without data', ({ redis }) => redis.restartEmpty()],
    ['FLUSHALL', ({ redis }) => redis.ask('FLUSHALL')],
    ['deleting the log and its tail', ({ redis }) => redis.ask('DEL', 'ssekit:{news}:log', 'ssekit:{news}:tail')],
  ]
  describe.each(losses)('%s', (_what, lose) => {
    test('causes one gap for each subscriber, then new events, and the id of the gap can be resumed on any node', async () => {
      stage = await Stage.open(connect)
      const options = { compareMs: 100 }
      const nodes = await Promise.all([1, 2, 3].map(() => stage.node(options)))
      const [one, two, three] = nodes as [StageNode, StageNode, StageNode]
      // Two of them share the subscription of one node.
      const loops = await Promise.all([one, one, two].map((node) => stage.listen(node, 'news')))
      const stream = await client.open(await stage.serve(three, 'news'))
      await stream.until(({ received }) => received.length === 1)
      await publish(one, 1, 2, 3)
      await Promise.all(loops.map((loop) => loop.receives(3)))
      await stream.until(({ data }) => data.at(-1) === '3')
      await lose(stage)
      // Found by comparison, without a new event.
      await Promise.all(loops.map((loop) => until(() => loop.gaps.length > 0, 'a gap')))
      await stream.until(({ gaps }) => gaps.length > 0)
      const atGap = stream.lastEventId
      const early = await stage.listen(await stage.node(options), 'news', atGap)
      await publish(two, 4)
      await publish(one, 5)
      await Promise.all(loops.map((loop) => loop.receives(5)))
      await stream.until(({ data }) => data.at(-1) === '5')
      for (const loop of loops) expect(received(loop)).toEqual([1, 2, 3, 'gap', 4, 5])
      await early.receives(5)
      expect(received(early)).toEqual([4, 5])
      expect(stream.data).toEqual(['1', '2', '3', '4', '5'])
      expect(stream.gaps).toHaveLength(1)
      // With the id of the gap, on nodes that existed before the loss and on a new one.
      for (const node of [one, two, await stage.node(options)]) {
        for (const id of [atGap, ...loops.map(({ gaps }) => gaps[0]?.id)]) {
          const resumed = await stage.listen(node, 'news', id)
          await resumed.receives(5)
          expect(received(resumed)).toEqual([4, 5])
        }
      }
      // A new node does not know an id from before the loss; a node that was there still has it.
      const [former] = stream.events
      for (const [node, expected] of [
        [await stage.node(options), ['gap', 4, 5]],
        [two, [2, 3, 'gap', 4, 5]],
      ] as const) {
        const resumed = await stage.listen(node, 'news', former?.lastEventId)
        await resumed.receives(5)
        expect(received(resumed)).toEqual(expected)
      }
    })

    test('causes one gap, too, if only the next event reveals it', async () => {
      stage = await Stage.open(connect)
      const nodes = await Promise.all([1, 2].map(() => stage.node({ compareMs: 0 })))
      const [one, two] = nodes as [StageNode, StageNode]
      const loops = await Promise.all([one, two].map((node) => stage.listen(node, 'news')))
      await publish(one, 1, 2)
      await Promise.all(loops.map((loop) => loop.receives(2)))
      await lose(stage)
      await publish(one, 3, 4)
      await Promise.all(loops.map((loop) => loop.receives(4)))
      for (const loop of loops) expect(received(loop)).toEqual([1, 2, 'gap', 3, 4])
      for (const { gaps } of loops) {
        const resumed = await stage.listen(await stage.node(), 'news', gaps[0]?.id)
        await resumed.receives(4)
        expect(received(resumed)).toEqual([3, 4])
      }
    })
  })

  describe('if a log was trimmed while a node missed notifications,', () => {
    const trims: [how: string, last: number, trim: (stage: Stage, publisher: StageNode) => Promise<unknown>][] = [
      [
        'with XTRIM',
        6,
        async ({ redis }, publisher) => {
          await publish(publisher, 3, 4, 5, 6)
          await redis.ask('XTRIM', 'ssekit:{news}:log', 'MAXLEN', '2')
        },
      ],
      [
        'by new events',
        1_000,
        async (_stage, { backplane }) => {
          const all = Array.from({ length: 998 }, (_, index) => index + 3)
          await Promise.all(all.map((data) => backplane.publish('news', { event: { data } })))
        },
      ],
    ]
    test.each(trims)('%s, the node gets one gap, then the remaining events', async (_how, last, trim) => {
      stage = await Stage.open(connect)
      const via = await stage.proxy()
      const history = { maxEvents: 100 }
      const [node, other, publisher] = [
        await stage.node({ via, history, compareMs: 0 }),
        await stage.node({ history }),
        await stage.node({ history }),
      ]
      const loops = [await stage.listen(node, 'news'), await stage.listen(node, 'news')]
      const whole = await stage.listen(other, 'news')
      await publish(publisher, 1, 2)
      await Promise.all(loops.map((loop) => loop.receives(2)))
      via.discardReplies(isBell)
      await trim(stage, publisher)
      await whole.receives(last)
      expect(whole.gaps).toEqual([])
      via.passReplies()
      await publish(publisher, last + 1)
      const left = (await stage.stored('news')).map(({ data }) => data)
      expect(left.length).toBeLessThan(last)
      for (const loop of loops) {
        await loop.receives(last + 1)
        expect(received(loop)).toEqual([1, 2, 'gap', ...left])
      }
      for (const each of [node, other, await stage.node({ history })]) {
        const resumed = await stage.listen(each, 'news', loops[0]?.gaps[0]?.id)
        await resumed.receives(last + 1)
        expect(received(resumed)).toEqual(left)
      }
    })
  })

  test('a node that was cut off while its log was deleted and begun anew gets one gap', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, other] = [await stage.node({ via, compareMs: 50 }), await stage.node({ compareMs: 50 })]
    const loop = await stage.listen(node, 'news')
    await publish(other, 1, 2)
    await loop.receives(2)
    via.refuse()
    via.cut()
    await publish(other, 3)
    await stage.redis.ask('FLUSHALL')
    await publish(other, 4, 5)
    via.accept()
    await loop.receives(5)
    await publish(other, 6)
    await loop.receives(6)
    expect(received(loop)).toEqual([1, 2, 'gap', 4, 5, 6])
  })

  test('a failover to a server without the newest entries and with a late clock causes one gap, then its events', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ compareMs: 0 })
    const put = (streamId: string, data: string, before = ''): Promise<unknown> => {
      const script = `${before}
        redis.call('XADD', KEYS[1], ARGV[1], 'e', ARGV[2], 'm', 'other.1')
        redis.call('SET', KEYS[2], ARGV[1] .. '-other.1 ' .. ARGV[1] .. '-other.1 -')`
      const keys = ['ssekit:{news}:log', 'ssekit:{news}:tail'] as const
      return stage.redis.ask('EVAL', script, '2', ...keys, streamId, JSON.stringify({ data }))
    }
    await put('1-0', 'old')
    // The clock of the former server is an hour ahead, and the stream's ids continue from there.
    await put(`${Date.now() + 3_600_000}-0`, 'of an hour later')
    const loop = await stage.listen(node, 'news')
    await publish(node, 1, 2)
    await loop.receives(2)
    await put('1-0', 'old', "redis.call('DEL', KEYS[1], KEYS[2])")
    await publish(node, 3, 4)
    await loop.receives(4)
    const [gap] = loop.gaps
    expect(received(loop).slice(-5)).toEqual([1, 2, 'gap', 3, 4])
    const resumed = await stage.listen(await stage.node(), 'news', gap?.id)
    await resumed.receives(4)
    expect(received(resumed)).toEqual([3, 4])
  })

  test("another program's log that was deleted and begun anew causes one gap, then its events, whatever its marks", async () => {
    stage = await Stage.open(connect)
    const put = (streamId: string, mark: string, data: string, before = ''): Promise<unknown> => {
      const script = `${before}
        redis.call('XADD', KEYS[1], ARGV[1], 'e', ARGV[3], 'm', ARGV[2])
        redis.call('SET', KEYS[2], ARGV[1] .. '-' .. ARGV[2] .. ' ' .. ARGV[1] .. '-' .. ARGV[2] .. ' -')`
      const keys = ['ssekit:{news}:log', 'ssekit:{news}:tail'] as const
      return stage.redis.ask('EVAL', script, '2', ...keys, streamId, mark, JSON.stringify({ data }))
    }
    await put('1000-0', 'svc.zz', 'old')
    const loop = await stage.listen(await stage.node({ compareMs: 50 }), 'news')
    await put('2000-0', 'svc.a1', 'new', "redis.call('DEL', KEYS[1], KEYS[2])")
    await until(() => loop.gaps.length > 0, 'a gap')
    await until(() => received(loop).includes('new'), 'what is stored')
    expect(received(loop).slice(-2)).toEqual(['gap', 'new'])
  })

  test('an entry of another log with the same stream id is not taken for the known position', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ compareMs: 50 })
    const loop = await stage.listen(node, 'news')
    await publish(node, 1)
    await loop.receives(1)
    const [, streamId = ''] = /^(\d+-\d+)-/.exec(loop.ids[0] ?? '') ?? []
    await stage.redis.ask('DEL', 'ssekit:{news}:log', 'ssekit:{news}:tail')
    await stage.redis.ask('XADD', 'ssekit:{news}:log', streamId, 'e', '{"data":"other"}', 'm', 'other.1')
    await until(() => loop.gaps.length > 0, 'a gap')
    await publish(node, 2)
    await loop.receives(2)
    expect(received(loop)).toEqual([1, 'gap', 2])
  })
})
