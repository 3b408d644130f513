import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Backplane, type LogEntry, SseError } from '@ssekit/sse-core'
import { type RedisBackplaneOptions, redisBackplane } from '@ssekit/sse-redis'
import type { Cluster } from 'ioredis'
import { RedisCluster } from '../../sse-testkit/test/brokers/redis-cluster.js'
import type { RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { type ConnectCluster, connectIoredisCluster, connectNodeRedisCluster } from './clients.js'
import { until } from './until.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await RedisCluster.start({ args: ['--cluster-require-full-coverage', 'no'] })
})
afterAll(() => cluster.stop())

describe.each<[string, ConnectCluster]>([
  ['ioredis', connectIoredisCluster],
  ['node-redis', connectNodeRedisCluster],
])('%s: a shard of a cluster that does not answer', (_name, connect) => {
  const closers: (() => unknown)[] = []
  let sick: RedisServer
  afterEach(async () => {
    sick.resume()
    for (const close of closers.splice(0).reverse()) await close()
  })

  const open = async (options: Omit<RedisBackplaneOptions, 'client'>): Promise<Backplane> => {
    const { client, close } = await connect(cluster.ports)
    const backplane = redisBackplane({ client, ...options })
    closers.push(close, () => backplane.close())
    return backplane
  }

  /** Names of channels at one server. */
  const namesAt = async (server: RedisServer, count: number): Promise<string[]> => {
    const names: string[] = []
    for (let number = 0; names.length < count; number++) {
      if ((await cluster.nodeOf(`ssekit:{${number}}:log`)) === server) names.push(String(number))
    }
    return names
  }

  /** What a subscription has heard. */
  const hear = async (backplane: Backplane, channel: string): Promise<unknown[]> => {
    const heard: unknown[] = []
    const entry = (entry: LogEntry): unknown => heard.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe(channel, { last: 10 }, { entry, gap: () => heard.push('gap') })
    return heard
  }

  test('is nothing to channels at the others: they are subscribed to, published to, and compared', async () => {
    const [healthy, other] = cluster.nodes as [RedisServer, RedisServer]
    sick = cluster.nodes[2] as RedisServer
    const [known, ...others] = (await namesAt(healthy, 4)) as [string, ...string[]]
    const [far] = (await namesAt(other, 1)) as [string]
    const [before, asked] = (await namesAt(sick, 2)) as [string, string]
    const timeoutMs = 2_000
    const [node, publisher] = [await open({ timeoutMs, compareMs: 50 }), await open({ timeoutMs, compareMs: 0 })]
    const late = await open({ timeoutMs, compareMs: 0 })
    const [heard, heardAtSick] = [await hear(node, known), await hear(node, before)]
    await sick.pause()
    const refused = hear(node, asked).catch((error: unknown) => error)

    for (const name of [...others, far]) {
      const all = await hear(node, name)
      await publisher.publish(name, { event: { data: name } })
      await until(() => all.includes(name), 'an event of a new subscription')
    }
    // The connections for subscriptions are made with the first: any one of the servers is asked which others there are.
    await until(
      () =>
        hear(late, far).then(
          () => true,
          () => false,
        ),
      'the first subscription of a node',
    )
    // As if the bell had been lost.
    const id = await healthy.ask('XADD', `ssekit:{${known}}:log`, '*', 'e', '{"data":"unrung"}', 'm', 'other.1')
    await healthy.ask('SET', `ssekit:{${known}}:tail`, `${id}-other.1 ${id}-other.1 -`)
    await until(() => heard.includes('unrung'), 'what was not rung for')
    expect(await refused).toBeInstanceOf(SseError)

    sick.resume()
    await until(async () => {
      const isPublished = await publisher.publish(before, { event: { data: 'back' } }).then(
        () => true,
        () => false,
      )
      return isPublished && heardAtSick.includes('back')
    }, 'the shard')
    expect(await hear(node, asked)).toEqual([])
  })
})

test('a shard that is down does not have ioredis ask the others for all channels more often than it does by itself', async () => {
  const [healthy, , down] = cluster.nodes as [RedisServer, RedisServer, RedisServer]
  const { client, close } = await connectIoredisCluster(cluster.ports)
  const backplane = redisBackplane({ client })
  let errors = 0
  ;(client as Cluster).on('error', () => {
    errors += 1
  })
  const subscribed = async (): Promise<number> => {
    const stats = (await healthy.ask('INFO', 'commandstats')) ?? ''
    return Number(/cmdstat_ssubscribe:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }
  try {
    const names = Array.from({ length: 60 }, (_, index) => `channel ${index}`)
    await Promise.all(names.map((name) => backplane.subscribe(name, { last: 0 }, { entry: () => {}, gap: () => {} })))
    const before = await subscribed()
    await down.kill()
    await until(() => errors > 30, 'errors of ioredis')
    const times = (await subscribed()) - before
    // With each of them ioredis itself asks once for each channel of the server.
    const servers = await Promise.all(names.map((name) => cluster.nodeOf(`ssekit:{${name}}:log`)))
    const count = servers.filter((server) => server === healthy).length
    expect(times).toBeLessThan(1.5 * count * errors)
  } finally {
    await backplane.close()
    close()
    await down.restart()
    await cluster.ready()
  }
})
