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
])('%s: a cluster shard that does not answer', (_name, connect) => {
  const closers: (() => unknown)[] = []
  let unresponsive: RedisServer
  afterEach(async () => {
    unresponsive.resume()
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

  /** Subscribes, and returns the list of what is received. */
  const record = async (backplane: Backplane, channel: string): Promise<unknown[]> => {
    const received: unknown[] = []
    const entry = (entry: LogEntry): unknown => received.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe(channel, { last: 10 }, { entry, gap: () => received.push('gap') })
    return received
  }

  test('does not affect channels of the other shards: they can be subscribed, published and compared', async () => {
    const [healthy, other] = cluster.nodes as [RedisServer, RedisServer]
    unresponsive = cluster.nodes[2] as RedisServer
    const [known, ...others] = (await namesAt(healthy, 4)) as [string, ...string[]]
    const [far] = (await namesAt(other, 1)) as [string]
    const [before, asked] = (await namesAt(unresponsive, 2)) as [string, string]
    const timeoutMs = 2_000
    const [node, publisher] = [await open({ timeoutMs, compareMs: 50 }), await open({ timeoutMs, compareMs: 0 })]
    const late = await open({ timeoutMs, compareMs: 0 })
    const [received, receivedAtUnresponsive] = [await record(node, known), await record(node, before)]
    await unresponsive.pause()
    const refused = record(node, asked).catch((error: unknown) => error)

    for (const name of [...others, far]) {
      const all = await record(node, name)
      await publisher.publish(name, { event: { data: name } })
      await until(() => all.includes(name), 'an event of a new subscription')
    }
    // The connections for subscriptions are opened with the first one: any of the servers may be asked for the topology.
    await until(
      () =>
        record(late, far).then(
          () => true,
          () => false,
        ),
      'the first subscription of a node',
    )
    // As if the notification had been lost.
    const id = await healthy.ask('XADD', `ssekit:{${known}}:log`, '*', 'e', '{"data":"unrung"}', 'm', 'other.1')
    await healthy.ask('SET', `ssekit:{${known}}:tail`, `${id}-other.1 ${id}-other.1 -`)
    await until(() => received.includes('unrung'), 'the event without a notification')
    expect(await refused).toBeInstanceOf(SseError)

    unresponsive.resume()
    await until(async () => {
      const isPublished = await publisher.publish(before, { event: { data: 'back' } }).then(
        () => true,
        () => false,
      )
      return isPublished && receivedAtUnresponsive.includes('back')
    }, 'the shard')
    expect(await record(node, asked)).toEqual([])
  })
})

test('while a shard is down, the backplane does not multiply the SSUBSCRIBE commands of ioredis', async () => {
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
    // With each error, ioredis itself subscribes once to each channel of the server. A backplane that did so each time it
    // reconnects would make it three times.
    const servers = await Promise.all(names.map((name) => cluster.nodeOf(`ssekit:{${name}}:log`)))
    const count = servers.filter((server) => server === healthy).length
    expect(times).toBeLessThan(2.5 * count * errors)
  } finally {
    await backplane.close()
    close()
    await down.restart()
    await cluster.ready()
  }
})
