import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { NatsServer } from '../../../packages/sse-testkit/test/brokers/nats-server.js'
import { RedisServer } from '../../../packages/sse-testkit/test/brokers/redis-server.js'
import { RunningExample } from './running-example.js'

let redis: RedisServer
let nats: NatsServer
let occupant: Server
let example: RunningExample

beforeAll(async () => {
  redis = await RedisServer.start({ appendOnly: false })
  nats = await NatsServer.start()
  occupant = createServer().listen(0, '127.0.0.1')
  await once(occupant, 'listening')
})

afterAll(async () => {
  occupant.close()
  await Promise.all([redis.stop(), nats.stop()])
})

afterEach(async () => {
  example.destroy()
  await example.exited
})

// cluster.test.ts has the examples whose primary starts workers again.
test.each(['nats', 'threads-without-broker', 'worker-threads'])(
  '%s: a server whose port is taken says so and exits with an error code',
  async (name) => {
    const { port } = occupant.address() as AddressInfo
    example = new RunningExample(name, { REDIS_URL: redis.url, NATS_URL: nats.url, PORT: `${port}` })
    expect(await example.exited).toBe(1)
    expect(example.stderr).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`)
  },
)
