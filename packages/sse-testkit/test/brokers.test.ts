import { afterEach, expect, test } from '@jest/globals'
import { NatsServer } from './brokers/nats-server.js'
import { RedisCluster } from './brokers/redis-cluster.js'
import { RedisServer } from './brokers/redis-server.js'

let t = 0
afterEach(() => console.log(performance.now() - t))
test('redis', async () => {
  t = performance.now()
  const r = await RedisServer.start()
  expect(await r.ask('PING')).toBe('PONG')
  await r.stop()
})
test('tls', async () => {
  t = performance.now()
  const r = await RedisServer.start({ tls: true, password: 'a/b' })
  expect(await r.ask('PING')).toBe('PONG')
  await r.restartEmpty()
  await r.stop()
})
test('nats', async () => {
  t = performance.now()
  const r = await NatsServer.start({ tls: true })
  await r.stop()
})
test('cluster', async () => {
  t = performance.now()
  const r = await RedisCluster.start()
  console.log(performance.now() - t)
  await r.stop()
})
