import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { redisBackplane } from '@ssekit/sse-redis'
import { backplaneContract } from '@ssekit/sse-testkit'
import { RedisCluster } from '../../sse-testkit/test/brokers/redis-cluster.js'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { type ConnectCluster, connectIoredisCluster, connectNodeRedisCluster, type OpenClient } from './clients.js'

let cluster: RedisCluster
const clients: OpenClient[] = []
beforeAll(async () => {
  cluster = await RedisCluster.start()
})
afterAll(async () => {
  for (const { close } of clients) close()
  await cluster.stop()
})

async function interrupt(): Promise<void> {
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await Promise.all(cluster.nodes.map((node) => node.restart()))
  await cluster.ready()
}

const sharded: [string, boolean, ConnectCluster][] = [
  ['ioredis, sharded', true, connectIoredisCluster],
  ['node-redis, sharded', true, connectNodeRedisCluster],
]
const notSharded: [string, boolean, ConnectCluster][] = [
  ['ioredis, not sharded', false, connectIoredisCluster],
  ['node-redis, not sharded', false, connectNodeRedisCluster],
]

describe.each([...sharded, ...(isFullStress ? notSharded : [])])(
  'on a Redis Cluster with %s',
  (_name, isSharded, connect) => {
    backplaneContract({
      test,
      nodes: async (count, history) => {
        const prefix = randomUUID()
        const opened = await Promise.all(Array.from({ length: count }, () => connect(cluster.ports)))
        clients.push(...opened)
        // Comparisons are so rare that only Pub/Sub can deliver events during a test.
        const options = { prefix, history, sharded: isSharded, compareMs: 60_000, timeoutMs: 30_000 }
        return opened.map(({ client }) => redisBackplane({ client, ...options }))
      },
      interrupt,
      patienceMs: 15_000,
    })
  },
)
