import { expect, jest, test } from '@jest/globals'
import { SseManager } from '@ssekit/sse-core'
import { redisBackplane } from '@ssekit/sse-redis'
import { RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { connectIoredis } from './clients.js'

test('a node encodes an event once for all its subscribers, and a node without subscribers not at all', async () => {
  const server = await RedisServer.start({ appendOnly: false })
  const clients = await Promise.all([1, 2, 3].map(() => connectIoredis(server.url)))
  const backplanes = clients.map(({ client }) => redisBackplane({ client }))
  const [publisher, node, bystander] = backplanes.map((backplane) => new SseManager({ backplane }))
  try {
    const loops = Array.from({ length: 50 }, () => node?.getOrCreate('news').listen()[Symbol.asyncIterator]())
    const first = loops.map((loop) => loop?.next())
    await node?.getOrCreate('news').broadcast('live')
    await Promise.all(first)
    bystander?.getOrCreate('news')
    const encoding = jest.spyOn(JSON, 'stringify')
    const received = loops.map((loop) => loop?.next())
    await publisher?.getOrCreate('news').broadcast({ data: { encode: 'me' } })
    for (const result of await Promise.all(received)) expect(result?.value).toMatchObject({ data: { encode: 'me' } })
    const encoded = encoding.mock.calls.filter(([value]) => JSON.stringify(value)?.includes('"encode"'))
    encoding.mockRestore()
    // Twice by the publisher, which checks and sends it, and once by the node.
    expect(encoded).toHaveLength(3)
  } finally {
    for (const manager of [publisher, node, bystander]) await manager?.close()
    for (const backplane of backplanes) await backplane.close()
    for (const { close } of clients) close()
    await server.stop()
  }
})
