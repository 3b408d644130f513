import { afterEach, describe, expect, test } from '@jest/globals'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

describe.each(everyClient)('%s: an error of the server:', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const data = async (channel: string): Promise<unknown[]> => (await stage.stored(channel)).map(({ data }) => data)

  test('full memory rejects publishes at once, reads still work, and publishes do again when there is room', async () => {
    stage = await Stage.open(connect, { appendOnly: false })
    // So long that only an immediate rejection passes the test.
    const [publisher, node] = [await stage.node({ timeoutMs: 60_000 }), await stage.node()]
    const loop = await stage.listen(node, 'news')
    const [{ backplane }, event] = [publisher, { data: 'x'.repeat(1_000) }]
    const first = await backplane.publish('news', { event })
    await stage.redis.ask('CONFIG', 'SET', 'maxmemory', '1')
    const full = { code: 'ERR_SSE_BACKPLANE', cause: { message: expect.stringMatching(/^OOM/) } }
    await expect(backplane.publish('news', { event })).rejects.toMatchObject(full)
    await expect(backplane.publish('other', { event })).rejects.toMatchObject(full)
    await expect(backplane.publish('news', { end: true })).rejects.toMatchObject(full)
    // A new node can still read the channel.
    const late = await stage.listen(await stage.node(), 'news', first)
    expect(await node.backplane.read('news', first, 10)).toEqual([])
    await stage.redis.ask('CONFIG', 'SET', 'maxmemory', '0')
    await backplane.publish('news', { event: { data: 'after' } })
    for (const each of [loop, late]) await each.receives('after')
    expect(await data('news')).toEqual([event.data, 'after'])
    expect([loop.data, late.data]).toEqual([[event.data, 'after'], ['after']])
  })

  test.each(['log', 'tail'])('a %s key of another type rejects calls at once, on that channel only', async (part) => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const [publisher, node] = [await stage.node({ timeoutMs: 60_000 }), await stage.node({ via, compareMs: 50 })]
    const [loop, other] = [await stage.listen(node, 'news'), await stage.listen(node, 'other')]
    const { backplane } = publisher
    await backplane.publish('news', { event: { data: 1 } })
    await loop.receives(1)
    await stage.redis.ask('DEL', `ssekit:{news}:${part}`)
    await stage.redis.ask('LPUSH', `ssekit:{news}:${part}`, 'a list')
    const wrong = { code: 'ERR_SSE_BACKPLANE', cause: { message: expect.stringMatching(/^WRONGTYPE/) } }
    await expect(backplane.publish('news', { event: { data: 2 } })).rejects.toMatchObject(wrong)
    await expect(backplane.read('news', 'some-id', 10)).rejects.toMatchObject(wrong)
    const sink = { entry: () => {}, gap: () => {} }
    await expect(publisher.backplane.subscribe('news', { last: 10 }, sink)).rejects.toMatchObject(wrong)
    // The other channels are still compared, which an event without a notification shows.
    via.discardReplies(({ sent }) => /subscribe/i.test(sent))
    await backplane.publish('other', { event: { data: 3 } })
    await other.receives(3)
    via.passReplies()
    await stage.redis.ask('DEL', 'ssekit:{news}:log', 'ssekit:{news}:tail')
    await backplane.publish('news', { event: { data: 4 } })
    await loop.receives(4)
    expect(loop.data).toEqual([1, 4])
    expect(loop.gaps).toHaveLength(1)
  })

  /** How often the server has replied with an error. */
  const errorCount = async (code: string): Promise<number> => {
    const [, count] = new RegExp(`errorstat_${code}:count=(\\d+)`).exec(await stage.control.info('errorstats')) ?? []
    return Number(count ?? 0)
  }

  test('a server that is a replica for a while makes publishes wait', async () => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node()
    await backplane.publish('news', { event: { data: 1 } })
    await stage.redis.ask('REPLICAOF', '127.0.0.1', '1')
    const published = backplane.publish('news', { event: { data: 2 } })
    await until(async () => (await errorCount('READONLY')) > 2, 'refusals')
    await stage.redis.ask('REPLICAOF', 'NO', 'ONE')
    await published
    expect(await data('news')).toEqual([1, 2])
  })

  test('a server that has lost its replicas makes publishes wait, as during a failover', async () => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node()
    await backplane.publish('news', { event: { data: 1 } })
    await stage.redis.ask('CONFIG', 'SET', 'min-replicas-to-write', '1')
    const published = backplane.publish('news', { event: { data: 2 } })
    // If it rejects, the wait below reports what is missing.
    published.catch(() => {})
    await until(async () => (await errorCount('NOREPLICAS')) > 2, 'refusals')
    await stage.redis.ask('CONFIG', 'SET', 'min-replicas-to-write', '0')
    await published
    expect(await data('news')).toEqual([1, 2])
  })

  test('a server that is busy with a script makes publishes wait', async () => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node()
    await backplane.publish('news', { event: { data: 1 } })
    await stage.redis.ask('CONFIG', 'SET', 'lua-time-limit', '10')
    const script = stage.redis.ask('EVAL', 'while true do end', '0').catch(String)
    let pings = 0
    const isBusy = async (): Promise<boolean> => {
      const answer = await stage.redis.ask('PING').catch(String)
      if (/BUSY/.test(String(answer))) pings += 1
      return pings > 0
    }
    await until(isBusy, 'a busy server')
    const published = backplane.publish('news', { event: { data: 2 } })
    const target = pings + 10
    await until(async () => (await isBusy()) && pings > target, 'more time')
    await stage.redis.ask('SCRIPT', 'KILL')
    await published
    expect(await script).toMatch(/killed/i)
    expect(await errorCount('BUSY')).toBeGreaterThan(pings)
    expect(await data('news')).toEqual([1, 2])
  })

  const users: [who: string, rules: string[]][] = [
    ['may not PUBLISH', ['~*', '&*', '+@all', '-publish', '-spublish']],
    // The default of Redis 7 for a user without channel rules.
    ['may use no channel', ['~*', 'resetchannels', '+@all']],
    ['may not XADD', ['~*', '&*', '+@all', '-xadd']],
    ['may not SET', ['~*', '&*', '+@all', '-set']],
    ['may not touch these keys', ['~other:*', '&*', '+@all']],
  ]
  test.each(users)(
    'a user who %s gets a rejection at once, and nothing is stored or delivered',
    async (_who, rules) => {
      stage = await Stage.open(connect)
      await stage.redis.ask('ACL', 'SETUSER', 'app', 'on', '>secret', ...rules)
      const node = await stage.node({ compareMs: 50 })
      const loop = await stage.listen(node, 'news')
      await node.backplane.publish('news', { event: { data: 1 } })
      await loop.receives(1)
      const { client, close } = await connect(`redis://app:secret@127.0.0.1:${stage.redis.port}`)
      try {
        const { backplane } = stage.nodeOf(client, { timeoutMs: 60_000 })
        const refusal = {
          code: 'ERR_SSE_BACKPLANE',
          cause: { message: expect.stringMatching(/can't|no permissions|NOPERM/i) },
        }
        await expect(backplane.publish('news', { event: { data: 2 } })).rejects.toMatchObject(refusal)
        await expect(backplane.publish('fresh', { event: { data: 2 } })).rejects.toMatchObject(refusal)
        await expect(backplane.publish('news', { end: true })).rejects.toMatchObject(refusal)
        // Comparisons do not find it either.
        const before = await stage.calls('evalsha')
        await until(async () => (await stage.calls('evalsha')) > before + 4, 'comparisons')
      } finally {
        close()
      }
      expect([await data('news'), await data('fresh')]).toEqual([[1], []])
      const id = await node.backplane.publish('news', { event: { data: 3 } })
      await loop.receives(3)
      expect(loop.data).toEqual([1, 3])
      expect(loop.gaps).toEqual([])
      // Nor does a subscriber that resumes.
      const [first] = loop.ids
      expect((await node.backplane.read('news', first as string, 10))?.map((entry) => entry.id)).toEqual([id])
      const fresh = await stage.listen(node, 'fresh')
      await node.backplane.publish('fresh', { event: { data: 4 } })
      await fresh.receives(4)
      expect([fresh.data, fresh.gaps]).toEqual([[4], []])
    },
  )
})
