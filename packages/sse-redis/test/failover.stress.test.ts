import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Backplane, LogEntry } from '@ssekit/sse-core'
import { redisBackplane } from '@ssekit/sse-redis'
import { RedisCluster } from '../../sse-testkit/test/brokers/redis-cluster.js'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { type ConnectCluster, connectIoredisCluster, connectNodeRedisCluster } from './clients.js'
import { Publishing } from './publishing.js'
import { until } from './until.js'

const MORE = isFullStress ? 500 : 50

describe.each<[string, ConnectCluster, boolean]>([
  ['ioredis', connectIoredisCluster, true],
  // node-redis takes ten seconds to look for the new master.
  ...(isFullStress
    ? ([
        ['node-redis', connectNodeRedisCluster, true],
        ['ioredis, not sharded', connectIoredisCluster, false],
        ['node-redis, not sharded', connectNodeRedisCluster, false],
      ] as [string, ConnectCluster, boolean][])
    : []),
])('%s', (_name, connect, sharded) => {
  let cluster: RedisCluster
  const closers: (() => unknown)[] = []
  beforeEach(async () => {
    cluster = await RedisCluster.start({ replicas: 1, args: ['--cluster-node-timeout', '700'] })
  })
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
    await cluster.stop()
  })

  const open = async (): Promise<Backplane> => {
    const { client, close } = await connect(cluster.ports)
    const backplane = redisBackplane({ client, sharded, compareMs: 500, timeoutMs: 15_000 })
    closers.push(close, () => backplane.close())
    return backplane
  }

  const record = async (backplane: Backplane, channel: string): Promise<unknown[]> => {
    const received: unknown[] = []
    const entry = (entry: LogEntry): unknown => received.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe(channel, { last: 0 }, { entry, gap: () => received.push('gap') })
    return received
  }

  test('if a replica takes over from a lost master, publishing continues, in order and without duplicates', async () => {
    const [master] = cluster.nodes
    let channel = 0
    while ((await cluster.nodeOf(`ssekit:{${channel}}:log`)) !== master) channel += 1
    const [publisher, node] = [await open(), await open()]
    const received = await record(node, String(channel))
    const publishing = new Publishing('a', publisher, String(channel), 10)
    closers.push(() => publishing.stop())
    await publishing.accepts(MORE)
    await master?.kill()
    await publishing.accepts(MORE)
    publishing.stop()
    await publishing.settles()
    const last = [...publishing.accepted.keys()].at(-1)
    await until(() => received.includes(last), 'the last event')

    expect(publishing.refused.size).toBe(0)
    const numbers = received.filter((data) => data !== 'gap').map((data) => Number(String(data).slice(2)))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    // Events that the replica had not received yet are a gap.
    if (!received.includes('gap')) expect(received).toEqual([...publishing.accepted.keys()])
    const late = await record(node, `${channel}/late`)
    await publisher.publish(`${channel}/late`, { event: { data: 'late' } })
    await until(() => late.includes('late'), 'an event of a new subscription')
  })
})
