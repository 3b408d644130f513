import type { Cluster } from 'node:cluster'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { RedisServer } from '../../../packages/sse-testkit/test/brokers/redis-server.js'
import { Connection } from './connection.js'
import { Reader } from './reader.js'
import { preload, RunningExample } from './running-example.js'

let redis: RedisServer
let example: RunningExample
let readers: Reader[] = []
let connections: Connection[] = []

beforeAll(async () => {
  redis = await RedisServer.start({ appendOnly: false })
})

afterAll(() => redis.stop())

afterEach(async () => {
  for (const { source } of readers) source.close()
  for (const connection of connections) connection.close()
  readers = []
  connections = []
  example.destroy()
  await example.exited
  await redis.ask('FLUSHALL')
})

test.each(['cluster', 'cluster-without-broker'])(
  '%s: events that either worker broadcasts reach the clients of both, in the same order',
  async (name) => {
    const [left, right] = await start(name)
    const publishers = [
      await connect((worker) => worker === left.worker),
      await connect((worker) => worker === right.worker),
    ]
    await Promise.all(
      publishers.flatMap((publisher, index) => [publisher.publish(`a${index}`), publisher.publish(`b${index}`)]),
    )
    for (const reader of readers) await reader.until(() => reader.data.length === 4)
    expect([...left.data].sort()).toEqual(['a0', 'a1', 'b0', 'b1'])
    expect(right.data).toEqual(left.data)

    expect(await example.stop()).toBe(0)
    expect(example.stderr).toBe('')
  },
)

test('cluster: after a worker is killed, its clients reconnect to another and miss no event', async () => {
  const [left, right] = await start('cluster')
  const publisher = await connect((worker) => worker === right.worker)
  await publisher.publish('one')
  await left.until(() => left.data.length === 1)

  const killed = left.worker
  process.kill(killed, 'SIGKILL')
  await left.until(() => left.source.readyState !== left.source.OPEN)
  await publisher.publish('two')
  await right.until(() => right.data.length === 2)
  await left.until(() => left.data.length === 2)
  await publisher.publish('three')
  for (const reader of readers) await reader.until(() => reader.data.length === 3)

  expect(left.worker).not.toBe(killed)
  for (const { data, gaps } of readers) expect({ data, gaps }).toEqual({ data: ['one', 'two', 'three'], gaps: 0 })
})

test('cluster-without-broker: a client resumes at a worker that was already running; a new worker sends an sse-gap', async () => {
  const [left, right] = await start('cluster-without-broker')
  const publisher = await connect((worker) => worker === right.worker)
  for (const news of ['one', 'two']) await publisher.publish(news)
  await left.until(() => left.data.length === 2)
  const [id = ''] = left.ids

  const there = await (await connect((worker) => worker === right.worker)).resume(id, 'data: two')
  expect(there).not.toContain('data: one')
  expect(there).not.toContain('sse-gap')

  const old = readers.map(({ worker }) => worker)
  process.kill(left.worker, 'SIGKILL')
  // Node passes connections to a dead worker until it notices the death, and those are never answered.
  await example.listens(3)
  const fresh = await connect((worker) => !old.includes(worker))
  await publisher.publish('three')
  expect(await fresh.resume(id, 'data: three')).toContain('event: sse-gap')
})

test('cluster-without-broker: process messages of other programs are ignored', async () => {
  const [left] = await start('cluster-without-broker', { NODE_OPTIONS: preload(sendOthers) })
  const publisher = await connect((worker) => worker === left.worker)
  await publisher.publish('one')
  for (const reader of readers) {
    await reader.until(() => reader.data.length === 1)
    expect(reader.data).toEqual(['one'])
  }
  expect(await example.stop()).toBe(0)
  expect(example.stderr).toBe('')
})

test.each(['cluster', 'cluster-without-broker'])(
  '%s: workers whose port is taken are restarted every second until it is free',
  async (name) => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    const { port } = occupant.address() as AddressInfo
    const env = { REDIS_URL: redis.url, PORT: `${port}`, NODE_OPTIONS: preload(tellPauses) }
    example = new RunningExample(name, env)
    await example.complains('EADDRINUSE', 2)
    await example.complains('forked after', 2)
    occupant.close()
    await example.listens(2)
    const pauses = [...example.stderr.matchAll(/forked after (\d+) ms/g)].map(([, ms]) => Number(ms))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(990)
  },
)

/** Makes the primary print how long after each worker's exit the next one was started. */
function tellPauses(): void {
  // The types are those of `import`, which has a default export.
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster
  const ends: number[] = []
  cluster.on('exit', () => ends.push(performance.now()))
  cluster.on('fork', () => {
    const end = ends.shift()
    if (end !== undefined) console.error(`forked after ${Math.floor(performance.now() - end)} ms`)
  })
}

/** Sends and receives the messages that pm2 uses. Runs in every process of an example, before the example. */
function sendOthers(): void {
  process.send?.('ready')
  process.on('newListener', (event) => {
    if (event === 'message') setImmediate(() => process.emit('message', 'shutdown', undefined))
  })
}

/** Starts an example, and one reader for each worker. */
async function start(name: string, env: NodeJS.ProcessEnv = {}): Promise<[Reader, Reader]> {
  example = new RunningExample(name, { REDIS_URL: redis.url, ...env })
  const address = await example.listens(2)
  while (readers.length < 2) {
    const reader = new Reader(`${address}/events`)
    await reader.until(() => reader.source.readyState === reader.source.OPEN)
    // Node gives connections to the workers roughly in turn.
    if (readers.some(({ worker }) => worker === reader.worker)) reader.source.close()
    else readers.push(reader)
  }
  return readers as [Reader, Reader]
}

async function connect(isMeant: (worker: number) => boolean): Promise<Connection> {
  const connection = await Connection.open(await example.listens(), isMeant)
  connections.push(connection)
  return connection
}
