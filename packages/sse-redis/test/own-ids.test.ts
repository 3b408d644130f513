import { afterEach, describe, expect, test } from '@jest/globals'
import type { Backplane, LogEntry } from '@ssekit/sse-core'
import type { RedisClient } from '@ssekit/sse-redis'
import { createClient } from 'redis'
import { everyClient, Stage, type StageNode } from './stage.js'

const LOG = 'ssekit:{news}:log'
/** Of these, a search looks at three with one command. */
const LARGE = 'x'.repeat(100_000)

const ignore = { entry: () => {}, gap: () => {} }

/** The commands that a client sends, for tests that act between two of them. */
class Commands {
  sent = 0
  /** The largest number of commands that waited for their answers at the same time. */
  mostAtOnce = 0
  /** Called before each command is sent. */
  before: (sent: number) => unknown = () => {}
  #waiting = 0

  constructor(client: RedisClient) {
    const method = 'call' in client ? 'call' : 'sendCommand'
    const commands = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    const send = commands[method]?.bind(client)
    commands[method] = async (...args) => {
      this.sent += 1
      this.#waiting += 1
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#waiting)
      try {
        await this.before(this.sent)
        return await send?.(...args)
      } finally {
        this.#waiting -= 1
      }
    }
  }
}

/** Publishes events with ids of their own; the data of each is its number. */
async function publish({ backplane }: StageNode, ids: readonly string[], channel = 'news'): Promise<void> {
  await Promise.all(ids.map((id, data) => backplane.publish(channel, { event: { id, data } })))
}

/** Publishes large events. */
async function publishLarge({ backplane }: StageNode, ids: readonly string[], channel = 'news'): Promise<void> {
  for (const id of ids) await backplane.publish(channel, { event: { id, data: LARGE } })
}

/** The ids of the entries after an id. */
async function idsAfter(backplane: Backplane, id: string, channel = 'news'): Promise<string[] | undefined> {
  return (await backplane.read(channel, id, 1_000))?.map((entry) => entry.id)
}

function orders(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `order-${from + index}`)
}

function unknownIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `junk-${index}-${Math.random()}`)
}

describe.each(everyClient)("%s: ids of publishers' own", (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  /** How often an action makes Redis read entries from a stream. */
  const reads = async (action: () => Promise<unknown>): Promise<number> => {
    const before = await stage.calls('xrange')
    await action()
    return (await stage.calls('xrange')) - before
  }

  /** How many entries an action makes Redis copy at most. */
  const copied = async (action: () => Promise<unknown>): Promise<number> => {
    // ioredis fails if a command is reported together with the answer to MONITOR.
    const monitor = await createClient({ url: stage.redis.url }).connect()
    const ranges: string[][] = []
    try {
      const isOver = new Promise<void>((resolve, reject) => {
        const onCommand = (line: unknown): void => {
          const args = Array.from(String(line).matchAll(/"((?:\\.|[^"\\])*)"/g), ([, arg = '']) => arg)
          if (/^xrev|^xrange/i.test(args[0] ?? '')) ranges.push(args)
          if (args[1] === 'the end') resolve()
        }
        monitor
          .monitor(onCommand)
          .then(action)
          .then(() => stage.control.echo('the end'))
          .catch(reject)
      })
      await isOver
    } finally {
      monitor.destroy()
    }
    return ranges.reduce((sum, args) => sum + Number(args[5] ?? 1), 0)
  }

  describe('unknown ids', () => {
    test('any number of unknown ids at the same time makes Redis read each entry once', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, orders(1, 500))
      const readAll = async (): Promise<void> => {
        const answers = await Promise.all(unknownIds(100).map((id) => node.backplane.read('news', id, 100)))
        expect(answers.every((answer) => answer === undefined)).toBe(true)
      }
      expect(await reads(readAll)).toBeLessThan(550)
      expect(await reads(readAll)).toBeLessThan(10)
    })

    test('one unknown id after the other makes Redis read only new entries', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, orders(1, 500))
      expect(await node.backplane.read('news', 'junk', 100)).toBeUndefined()
      const readAll = async (): Promise<void> => {
        for (const [index, id] of unknownIds(20).entries()) {
          await publish(node, [`late-${index}`])
          expect(await node.backplane.read('news', id, 100)).toBeUndefined()
        }
      }
      expect(await reads(readAll)).toBeLessThanOrEqual(20 * 5)
    })

    test('a search reads large events with many short commands', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publishLarge(node, orders(1, 40))
      const commands = new Commands(node.client)
      expect(await node.backplane.read('news', 'junk', 100)).toBeUndefined()
      expect(commands.sent).toBeGreaterThan(10)
    })

    test('searches of several channels send one command at a time', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      const channels = ['one', 'two', 'three']
      for (const channel of channels) await publishLarge(node, orders(1, 7), channel)
      const commands = new Commands(node.client)
      await Promise.all(channels.map((channel) => node.backplane.read(channel, 'junk', 100)))
      expect(commands.sent).toBeGreaterThanOrEqual(9)
      expect(commands.mostAtOnce).toBe(1)
    })

    test('an id that no event can have costs Redis no command', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, ['order-1'])
      const commands = new Commands(node.client)
      for (const id of ['', 'a b', 'ü', 'x'.repeat(129)]) {
        expect(await node.backplane.read('news', id, 100)).toBeUndefined()
      }
      expect(commands.sent).toBe(0)
    })

    test('a search ends although others publish faster than it reads', async () => {
      stage = await Stage.open(connect)
      const [node, publisher] = [await stage.node(), await stage.node()]
      await publishLarge(publisher, orders(1, 10))
      let published = 10
      const commands = new Commands(node.client)
      commands.before = async (sent) => {
        if (sent > 20) throw new Error('the search does not end')
        await publishLarge(publisher, orders(published + 1, published + 4))
        published += 4
      }
      expect(await node.backplane.read('news', 'junk', 100)).toBeUndefined()
      expect(await idsAfter(node.backplane, 'order-10')).toBeDefined()
    })
  })

  describe('known ids', () => {
    test('an id that is used twice means the older event, and the newer one once the older is trimmed', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, ['a', 'b', 'a', 'c', 'd'])
      expect(await idsAfter(node.backplane, 'a')).toEqual(['b', 'a', 'c', 'd'])
      await stage.redis.ask('XTRIM', LOG, 'MAXLEN', '3')
      expect(await idsAfter(node.backplane, 'a')).toEqual(['c', 'd'])
      expect(await idsAfter(node.backplane, 'b')).toBeUndefined()
      await stage.redis.ask('XTRIM', LOG, 'MAXLEN', '2')
      expect(await idsAfter(node.backplane, 'a')).toBeUndefined()
      expect(await idsAfter(node.backplane, 'c')).toEqual(['d'])
      await publish(node, ['a'])
      expect(await idsAfter(node.backplane, 'c')).toEqual(['d', 'a'])
      expect(await idsAfter(node.backplane, 'a')).toEqual([])
    })

    test('an event that was published after a search is found by the next one', async () => {
      stage = await Stage.open(connect)
      const [node, publisher] = [await stage.node(), await stage.node()]
      await publish(publisher, orders(1, 5))
      expect(await idsAfter(node.backplane, 'order-6')).toBeUndefined()
      await publish(publisher, orders(6, 8))
      await publisher.backplane.publish('news', { event: { data: 'without an id' } })
      await publish(publisher, orders(9, 10))
      expect((await idsAfter(node.backplane, 'order-6'))?.length).toBe(5)
      expect(await idsAfter(node.backplane, 'order-9')).toEqual(['order-10'])
      expect((await idsAfter(node.backplane, 'order-1'))?.length).toBe(10)
    })

    test('an event that is trimmed between the search and the read is not resumed from', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, ['a', 'b', 'a', 'c'])
      expect(await idsAfter(node.backplane, 'a')).toEqual(['b', 'a', 'c'])
      const commands = new Commands(node.client)
      // The first command is that of the search, the second one the read.
      commands.before = (sent) => sent === 2 && stage.redis.ask('XTRIM', LOG, 'MAXLEN', '2')
      expect(await idsAfter(node.backplane, 'a')).toEqual(['c'])
      commands.before = (sent) => sent === commands.sent && stage.redis.ask('XTRIM', LOG, 'MAXLEN', '1')
      expect(await idsAfter(node.backplane, 'a')).toBeUndefined()
    })

    test('a log that is trimmed during a search is searched from its new beginning', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publishLarge(node, orders(1, 20))
      const commands = new Commands(node.client)
      commands.before = (sent) => sent === 3 && stage.redis.ask('XTRIM', LOG, 'MAXLEN', '10')
      const answers = await Promise.all(
        ['order-1', 'order-10', 'order-11', 'order-19'].map((id) => idsAfter(node.backplane, id)),
      )
      expect(answers.map((answer) => answer?.[0])).toEqual([undefined, undefined, 'order-12', 'order-20'])
    })

    test.each(['FLUSHALL', 'a lost log'])(
      'after %s the ids of the former log are unknown, and those of the next one known',
      async (what) => {
        stage = await Stage.open(connect)
        const node = await stage.node()
        await publish(node, ['a', 'b', 'c'])
        expect(await idsAfter(node.backplane, 'a')).toEqual(['b', 'c'])
        if (what === 'FLUSHALL') await stage.redis.ask('FLUSHALL')
        else await stage.redis.ask('DEL', LOG, 'ssekit:{news}:tail')
        expect(await idsAfter(node.backplane, 'a')).toBeUndefined()
        await publish(node, ['c', 'd', 'e'])
        expect(await idsAfter(node.backplane, 'a')).toBeUndefined()
        expect(await idsAfter(node.backplane, 'c')).toEqual(['d', 'e'])
      },
    )

    test('the newest id stays known when the log has expired, until the next log is trimmed', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, ['a', 'b', 'a'])
      expect(await idsAfter(node.backplane, 'a')).toEqual(['b', 'a'])
      await stage.redis.ask('DEL', LOG)
      // The script counts on it that no log expires within a second of its last event.
      await stage.redis.ask('SET', 'ssekit:{news}:tail', '1000-0-other.1 a o')
      expect(await idsAfter(node.backplane, 'a')).toEqual([])
      expect(await idsAfter(node.backplane, 'b')).toBeUndefined()
      await publish(node, ['c', 'a', 'd'])
      // The expired event is the older one with that id.
      expect(await idsAfter(node.backplane, 'a')).toEqual(['c', 'a', 'd'])
      await stage.redis.ask('XTRIM', LOG, 'MAXLEN', '2')
      expect(await idsAfter(node.backplane, 'a')).toEqual(['d'])
    })

    test('an id that looks like a generated one is known, even if it is that of another channel or entry', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      const id = await node.backplane.publish('other', { event: { data: 'other' } })
      const ids = [id, `before-${id}`, '1-1-x', `${Date.now()}-origin-abc`]
      await publish(node, [...ids, 'last'])
      for (const [index, each] of ids.entries()) {
        expect(await idsAfter(node.backplane, each)).toEqual([...ids.slice(index + 1), 'last'])
      }
      // The place of an entry with an id of its own names it too. It is older than an entry that has the same text as its id.
      const [entry] = (await node.backplane.read('news', id, 1)) ?? []
      const uniqueId = entry?.uniqueId as string
      expect(await idsAfter(node.backplane, uniqueId)).toEqual([...ids.slice(2), 'last'])
      await publish(node, [uniqueId, 'very-last'])
      expect(await idsAfter(node.backplane, uniqueId)).toEqual([...ids.slice(2), 'last', uniqueId, 'very-last'])
    })

    test('the id before an entry is known as long as the entry is', async () => {
      stage = await Stage.open(connect)
      const [node, publisher] = [await stage.node(), await stage.node()]
      await publish(publisher, ['a', 'b', 'c', 'd'])
      await stage.redis.ask('XTRIM', LOG, 'MAXLEN', '2')
      let before = ''
      await node.backplane.subscribe('news', { last: 10 }, { ...ignore, origin: (id) => (before = id) })
      expect(before).toMatch(/^before-/)
      expect(await idsAfter(node.backplane, before)).toEqual(['c', 'd'])
      await stage.redis.ask('XTRIM', LOG, 'MAXLEN', '1')
      expect(await idsAfter(node.backplane, before)).toBeUndefined()
    })

    test('after a search that failed half-way, the next one finds all ids', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publishLarge(node, orders(1, 20))
      const commands = new Commands(node.client)
      commands.before = (sent) => {
        if (sent === 3) throw new Error('no connection')
      }
      await expect(node.backplane.read('news', 'order-20', 100)).rejects.toThrow()
      const failed = commands.sent
      for (const [id, next] of [
        ['order-1', 'order-2'],
        ['order-9', 'order-10'],
        ['order-19', 'order-20'],
      ] as const) {
        expect((await idsAfter(node.backplane, id))?.[0]).toBe(next)
      }
      // The failed search has looked at the first events.
      expect(failed).toBe(3)
    })

    test('entries without ids of their own need no search', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      for (let data = 0; data < 300; data++) void node.backplane.publish('news', { event: { data } })
      await node.backplane.publish('news', { event: { data: 'last' } })
      expect(await reads(() => node.backplane.read('news', 'junk', 100))).toBeLessThanOrEqual(2)
    })
  })

  describe('memory', () => {
    test('a process forgets the ids of a channel that it does not follow any more', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      const unsubscribe = await node.backplane.subscribe('news', { last: 0 }, ignore)
      await publish(node, orders(1, 100))
      const read = (): Promise<unknown> => node.backplane.read('news', 'junk', 100)
      expect(await reads(read)).toBeGreaterThan(100)
      expect(await reads(read)).toBeLessThan(10)
      unsubscribe()
      expect(await reads(read)).toBeGreaterThan(100)
    })

    /** Fills a channel with that many entries that have ids of their own. */
    const fill = async (channel: string, count: number): Promise<void> => {
      const script = `for i = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], i .. '-0', 'e', '{}', 'm', 'm', 'i', 'id-' .. i) end
        redis.call('SET', KEYS[2], ARGV[1] .. '-0-m id-' .. ARGV[1] .. ' o')`
      await stage.redis.ask('EVAL', script, '2', `ssekit:{${channel}}:log`, `ssekit:{${channel}}:tail`, `${count}`)
    }

    test('a process remembers about 50 000 ids, those of the channels that were searched last', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node({ timeoutMs: 60_000 })
      await fill('small', 100)
      await fill('large', 49_000)
      await fill('other', 1_500)
      const read = (channel: string) => (): Promise<unknown> => node.backplane.read(channel, 'junk', 100)
      await read('large')()
      await read('small')()
      expect(await reads(read('large'))).toBeLessThan(10)
      // The small channel was searched before the large one, but forgetting it alone would not be enough.
      await read('other')()
      expect(await reads(read('other'))).toBeLessThan(10)
      expect(await reads(read('small'))).toBeGreaterThan(100)
      expect(await reads(read('large'))).toBeGreaterThan(49_000)
    })

    test('ids of entries that were trimmed do not count', async () => {
      stage = await Stage.open(connect)
      const node = await stage.node({ timeoutMs: 60_000 })
      await fill('large', 49_000)
      await fill('other', 1_500)
      const read = (channel: string) => (): Promise<unknown> => node.backplane.read(channel, 'junk', 100)
      await read('large')()
      await stage.redis.ask('XTRIM', 'ssekit:{large}:log', 'MAXLEN', '100')
      await read('large')()
      await read('other')()
      expect(await reads(read('large'))).toBeLessThan(10)
    })
  })

  test('a process copies few large events that it does not deliver', async () => {
    stage = await Stage.open(connect)
    const [node, publisher] = [await stage.node(), await stage.node()]
    await publishLarge(publisher, orders(1, 60))
    await node.backplane.read('news', 'order-1', 1_000)
    // One command delivers about 1 MiB: eleven of these.
    expect(await copied(() => node.backplane.read('news', 'order-2', 1_000))).toBeLessThan(25)
    const entries: LogEntry[] = []
    const start = { last: 1_000, maxBytes: 500_000 }
    expect(
      await copied(() =>
        publisher.backplane.subscribe('news', start, { ...ignore, entry: (entry) => entries.push(entry) }),
      ),
    ).toBeLessThan(15)
    expect(entries.length).toBeGreaterThanOrEqual(4)
  })
})
