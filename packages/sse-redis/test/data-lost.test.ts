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

  /** What a subscriber was told, gaps among it. */
  const told = ({ events }: Loop): unknown[] => events.map(({ event, data }) => (event === 'sse-gap' ? 'gap' : data))

  const publish = async ({ backplane }: StageNode, ...all: unknown[]): Promise<void> => {
    for (const data of all) await insist(backplane, 'news', data)
  }

  const losses: [what: string, lose: (stage: Stage) => Promise<unknown>][] = [
    ['a restart without data', ({ redis }) => redis.restartEmpty()],
    ['FLUSHALL', ({ redis }) => redis.ask('FLUSHALL')],
    [
      'a log that was deleted, with its tail',
      ({ redis }) => redis.ask('DEL', 'ssekit:{news}:log', 'ssekit:{news}:tail'),
    ],
  ]
  describe.each(losses)('%s', (_what, lose) => {
    test('is one gap to each subscriber, then all goes on, and who was told so resumes anywhere', async () => {
      stage = await Stage.open(connect)
      const options = { compareMs: 100 }
      const nodes = await Promise.all([1, 2, 3].map(() => stage.node(options)))
      const [one, two, three] = nodes as [StageNode, StageNode, StageNode]
      // Two of one node share what it hears.
      const loops = await Promise.all([one, one, two].map((node) => stage.listen(node, 'news')))
      const stream = await client.open(await stage.serve(three, 'news'))
      await stream.until(({ received }) => received.length === 1)
      await publish(one, 1, 2, 3)
      await Promise.all(loops.map((loop) => loop.hears(3)))
      await stream.until(({ data }) => data.at(-1) === '3')
      await lose(stage)
      // Found without any news: by comparison.
      await Promise.all(loops.map((loop) => until(() => loop.gaps.length > 0, 'a gap')))
      await stream.until(({ gaps }) => gaps.length > 0)
      const atGap = stream.lastEventId
      const early = await stage.listen(await stage.node(options), 'news', atGap)
      await publish(two, 4)
      await publish(one, 5)
      await Promise.all(loops.map((loop) => loop.hears(5)))
      await stream.until(({ data }) => data.at(-1) === '5')
      for (const loop of loops) expect(told(loop)).toEqual([1, 2, 3, 'gap', 4, 5])
      await early.hears(5)
      expect(told(early)).toEqual([4, 5])
      expect(stream.data).toEqual(['1', '2', '3', '4', '5'])
      expect(stream.gaps).toHaveLength(1)
      // With the gap's own id, on every node: one that was there, and one that was not.
      for (const node of [one, two, await stage.node(options)]) {
        for (const id of [atGap, ...loops.map(({ gaps }) => gaps[0]?.id)]) {
          const resumed = await stage.listen(node, 'news', id)
          await resumed.hears(5)
          expect(told(resumed)).toEqual([4, 5])
        }
      }
      // An id of the former life is none of this one; but who was there then knows it.
      const [former] = stream.events
      for (const [node, expected] of [
        [await stage.node(options), ['gap', 4, 5]],
        [two, [2, 3, 'gap', 4, 5]],
      ] as const) {
        const resumed = await stage.listen(node, 'news', former?.lastEventId)
        await resumed.hears(5)
        expect(told(resumed)).toEqual(expected)
      }
    })

    test('noticed by the next event only, it is one gap as well', async () => {
      stage = await Stage.open(connect)
      const nodes = await Promise.all([1, 2].map(() => stage.node({ compareMs: 0 })))
      const [one, two] = nodes as [StageNode, StageNode]
      const loops = await Promise.all([one, two].map((node) => stage.listen(node, 'news')))
      await publish(one, 1, 2)
      await Promise.all(loops.map((loop) => loop.hears(2)))
      await lose(stage)
      await publish(one, 3, 4)
      await Promise.all(loops.map((loop) => loop.hears(4)))
      for (const loop of loops) expect(told(loop)).toEqual([1, 2, 'gap', 3, 4])
      for (const { gaps } of loops) {
        const resumed = await stage.listen(await stage.node(), 'news', gaps[0]?.id)
        await resumed.hears(4)
        expect(told(resumed)).toEqual([3, 4])
      }
    })
  })

  describe('a stream that was trimmed while a node could not hear', () => {
    const trims: [how: string, last: number, trim: (stage: Stage, publisher: StageNode) => Promise<unknown>][] = [
      [
        'by hand',
        6,
        async ({ redis }, publisher) => {
          await publish(publisher, 3, 4, 5, 6)
          await redis.ask('XTRIM', 'ssekit:{news}:log', 'MAXLEN', '2')
        },
      ],
      [
        'by volume',
        1_000,
        async (_stage, { backplane }) => {
          const all = Array.from({ length: 998 }, (_, index) => index + 3)
          await Promise.all(all.map((data) => backplane.publish('news', { event: { data } })))
        },
      ],
    ]
    test.each(trims)('%s: one gap, then what is left of it', async (_how, last, trim) => {
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
      await Promise.all(loops.map((loop) => loop.hears(2)))
      via.discardReplies(isBell)
      await trim(stage, publisher)
      await whole.hears(last)
      expect(whole.gaps).toEqual([])
      via.passReplies()
      await publish(publisher, last + 1)
      const left = (await stage.stored('news')).map(({ data }) => data)
      expect(left.length).toBeLessThan(last)
      for (const loop of loops) {
        await loop.hears(last + 1)
        expect(told(loop)).toEqual([1, 2, 'gap', ...left])
      }
      for (const each of [node, other, await stage.node({ history })]) {
        const resumed = await stage.listen(each, 'news', loops[0]?.gaps[0]?.id)
        await resumed.hears(last + 1)
        expect(told(resumed)).toEqual(left)
      }
    })
  })

  test('a node that was cut off while its log was trimmed and another took its place: one gap', async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [node, other] = [await stage.node({ via, compareMs: 50 }), await stage.node({ compareMs: 50 })]
    const loop = await stage.listen(node, 'news')
    await publish(other, 1, 2)
    await loop.hears(2)
    via.refuse()
    via.cut()
    await publish(other, 3)
    await stage.redis.ask('FLUSHALL')
    await publish(other, 4, 5)
    via.accept()
    await loop.hears(5)
    await publish(other, 6)
    await loop.hears(6)
    expect(told(loop)).toEqual([1, 2, 'gap', 4, 5, 6])
  })

  test('a server that takes over without the newest entries, and with a clock behind: one gap, then what it stores', async () => {
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
    // By the clock of the former one it is an hour later: the stream's ids go on from there.
    await put(`${Date.now() + 3_600_000}-0`, 'of an hour later')
    const loop = await stage.listen(node, 'news')
    await publish(node, 1, 2)
    await loop.hears(2)
    await put('1-0', 'old', "redis.call('DEL', KEYS[1], KEYS[2])")
    await publish(node, 3, 4)
    await loop.hears(4)
    const [gap] = loop.gaps
    expect(told(loop).slice(-5)).toEqual([1, 2, 'gap', 3, 4])
    const resumed = await stage.listen(await stage.node(), 'news', gap?.id)
    await resumed.hears(4)
    expect(told(resumed)).toEqual([3, 4])
  })

  test("another program's log, whatever its marks are, that was lost and begun anew: one gap, then what it stores", async () => {
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
    await until(() => told(loop).includes('new'), 'what is stored')
    expect(told(loop).slice(-2)).toEqual(['gap', 'new'])
  })

  test("another log's entry at the same id of the stream is no place of this one", async () => {
    stage = await Stage.open(connect)
    const node = await stage.node({ compareMs: 50 })
    const loop = await stage.listen(node, 'news')
    await publish(node, 1)
    await loop.hears(1)
    const [, streamId = ''] = /^(\d+-\d+)-/.exec(loop.ids[0] ?? '') ?? []
    await stage.redis.ask('DEL', 'ssekit:{news}:log', 'ssekit:{news}:tail')
    await stage.redis.ask('XADD', 'ssekit:{news}:log', streamId, 'e', '{"data":"other"}', 'm', 'other.1')
    await until(() => loop.gaps.length > 0, 'a gap')
    await publish(node, 2)
    await loop.hears(2)
    expect(told(loop)).toEqual([1, 'gap', 2])
  })
})
