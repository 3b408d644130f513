import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { redisBackplane } from '@ssekit/sse-redis'
import { Cluster } from 'ioredis'
import { RedisCluster } from '../../sse-testkit/test/brokers/redis-cluster.js'
import { until } from './until.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await RedisCluster.start()
})
afterAll(() => cluster.stop())

const keyPrefix = 'app:'
const own = (urls: string[]): Cluster => new Cluster(urls, { keyPrefix, lazyConnect: true })
const ofNodes = (urls: string[]): Cluster => new Cluster(urls, { redisOptions: { keyPrefix }, lazyConnect: true })

test.each<[what: string, clientOf: (urls: string[]) => Cluster, sharded: boolean]>([
  ['keyPrefix', own, true],
  ['redisOptions.keyPrefix', ofNodes, true],
  ['keyPrefix, not sharded', own, false],
  ['redisOptions.keyPrefix, not sharded', ofNodes, false],
])('a cluster client of ioredis with %s receives events by notification', async (_what, clientOf, sharded) => {
  const client = clientOf([...cluster.urls])
  client.on('error', () => {})
  await client.connect()
  // Without comparisons, only a notification can deliver an event.
  const backplane = redisBackplane({ client, sharded, compareMs: 0 })
  try {
    const received: string[] = []
    const sink = { entry: ({ id }: { readonly id: string }) => received.push(id), gap: () => received.push('gap') }
    // Some at each of the servers. An empty hash tag would not count as one.
    const channels = ['', ...Array.from({ length: 12 }, (_, index) => `channel ${index}`)]
    await Promise.all(channels.map((channel) => backplane.subscribe(channel, { last: 0 }, sink)))
    const ids = await Promise.all(channels.map((channel) => backplane.publish(channel, { event: { data: 1 } })))
    await until(() => received.length >= ids.length, 'an event of each channel')
    expect(received.sort()).toEqual(ids.sort())
    const key = `${keyPrefix}ssekit:{channel 0}:log`
    expect(await (await cluster.nodeOf(key)).ask('EXISTS', key)).toBe('1')
  } finally {
    await backplane.close()
    client.disconnect()
  }
})
