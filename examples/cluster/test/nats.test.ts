import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { NatsServer } from '../../../packages/sse-testkit/test/brokers/nats-server.js'
import { Reader } from './reader.js'
import { RunningExample } from './running-example.js'

let nats: NatsServer
let servers: RunningExample[] = []
let readers: Reader[] = []

beforeAll(async () => {
  nats = await NatsServer.start()
})

afterAll(() => nats.stop())

afterEach(async () => {
  for (const { source } of readers) source.close()
  for (const server of servers) server.destroy()
  await Promise.all(servers.map(({ exited }) => exited))
})

test('nats: events that one server broadcasts reach the clients of both', async () => {
  servers = [1, 2].map(() => new RunningExample('nats', { NATS_URL: nats.url }))
  const addresses = await Promise.all(servers.map((server) => server.listens()))
  readers = addresses.map((address) => new Reader(`${address}/events`))
  for (const reader of readers) await reader.until(() => reader.source.readyState === reader.source.OPEN)
  for (const [index, address] of addresses.entries()) await fetch(`${address}/news/${index}`, { method: 'POST' })
  for (const reader of readers) {
    await reader.until(() => reader.data.length === 2)
    expect(reader.data).toEqual(['0', '1'])
  }
  for (const server of servers) {
    expect(await server.stop()).toBe(0)
    expect(server.stderr).toBe('')
  }
})
