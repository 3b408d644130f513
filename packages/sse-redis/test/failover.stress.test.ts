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
  // node-redis takes ten seconds until it looks for the new master.
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

  const hear = async (backplane: Backplane, channel: string): Promise<unknown[]> => {
    const heard: unknown[] = []
    const entry = (entry: LogEntry): unknown => heard.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe(channel, { last: 0 }, { entry, gap: () => heard.push('gap') })
    return heard
  }

  test('a master is lost while others publish, and its replica takes over: all goes on, in order, and none comes twice', async () => {
    const [master] = cluster.nodes
    let channel = 0
    while ((await cluster.nodeOf(`ssekit:{${channel}}:log`)) !== master) channel += 1
    const [publisher, node] = [await open(), await open()]
    const heard = await hear(node, String(channel))
    const publishing = new Publishing('a', publisher, String(channel), 10)
    closers.push(() => publishing.stop())
    await publishing.accepts(MORE)
    await master?.kill()
    await publishing.accepts(MORE)
    publishing.stop()
    await publishing.settles()
    const last = [...publishing.accepted.keys()].at(-1)
    await until(() => heard.includes(last), 'the last event')

    expect(publishing.refused.size).toBe(0)
    const numbers = heard.filter((data) => data !== 'gap').map((data) => Number(String(data).slice(2)))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    // What the replica had not got yet is a gap.
    if (!heard.includes('gap')) expect(heard).toEqual([...publishing.accepted.keys()])
    const late = await hear(node, `${channel}/late`)
    await publisher.publish(`${channel}/late`, { event: { data: 'late' } })
    await until(() => late.includes('late'), 'an event of a new subscription')
  })
})
