import { afterEach, describe, expect, test } from '@jest/globals'
import { TcpProxy } from '@ssekit/sse-testkit'
import { Crowd } from '../../sse-testkit/test/clients/crowd.js'
import { faultsOf } from '../../sse-testkit/test/clients/resuming-reader.js'
import { Child } from '../../sse-testkit/test/stress/child.js'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import type { NodeCommands } from './nodes/http-node.js'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

const READERS = isFullStress ? 200 : 60
/** How many numbers are published between one kill and the next; a hundred a second. */
const NUMBERS = isFullStress ? 1_000 : 60

describe.each(everyClient)('%s', (make, connect) => {
  let stage: Stage
  let balancer: TcpProxy
  let crowd: Crowd
  let timer: NodeJS.Timeout
  const nodes: Child<NodeCommands>[] = []
  afterEach(async () => {
    clearInterval(timer)
    crowd.leave()
    for (const node of nodes.splice(0)) await node.end()
    await balancer.close()
    await stage.end()
  })

  test(`if nodes are killed, each of ${READERS} clients resumes at another node and gets every number once`, async () => {
    stage = await Stage.open(connect)
    nodes.push(
      ...(await Promise.all([1, 2, 3].map(() => Child.start<NodeCommands>('../../../sse-redis/test/nodes/http-node')))),
    )
    const ports = await Promise.all(nodes.map((node) => node.call('listen', stage.redis.url, make)))
    balancer = await TcpProxy.listen({ targets: ports.map((port) => ({ port })) })
    crowd = new Crowd(READERS, `http://127.0.0.1:${balancer.port}/`)
    const served = async (): Promise<number[]> => Promise.all(nodes.map((node) => node.call('subscriberCount')))
    await until(async () => (await served()).reduce((sum, count) => sum + count, 0) === READERS, 'all readers')
    for (const count of await served()) expect(count).toBeGreaterThan(0)

    const { backplane } = await stage.node()
    const published: Promise<string>[] = []
    timer = setInterval(() => {
      published.push(backplane.publish('numbers', { event: { data: published.length } }))
    }, 10)
    const more = async (): Promise<void> => {
      const target = published.length + NUMBERS
      while (published.length < target) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await more()
    for (let left = 2; left > 0; left--) {
      // While it is sending.
      await nodes.shift()?.end()
      await more()
      await until(async () => (await served()).reduce((sum, count) => sum + count, 0) === READERS, 'all readers')
    }
    clearInterval(timer)
    await Promise.all(published)
    const last = published.length - 1
    await crowd.everybodyHas(last)
    expect(crowd.readers.flatMap(({ numbers }) => faultsOf(numbers, last))).toEqual([])
    expect(crowd.gaps).toBe(0)
    expect(crowd.reconnects).toBeGreaterThanOrEqual(READERS / 3)
  })
})
