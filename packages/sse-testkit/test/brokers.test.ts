import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Broker } from './brokers/broker.js'
import { NatsServer } from './brokers/nats-server.js'
import { RedisCluster } from './brokers/redis-cluster.js'
import { RedisServer } from './brokers/redis-server.js'
import { TcpClient } from './network/tcp-client.js'

const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function running<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const broker = await starting
  closers.push(() => broker.stop())
  return broker
}

function client(port: number): TcpClient {
  const client = new TcpClient(port)
  closers.push(() => client.destroy())
  return client
}

interface Options {
  readonly port?: number
  readonly tls?: boolean
  readonly args?: readonly string[]
}

/** A broker, and how to speak to it. */
interface Subject {
  readonly broker: Broker
  /** Stores a value. */
  keep(): Promise<unknown>
  /** The stored value. */
  kept(): Promise<unknown>
  readonly ping: string
}

async function redis(options?: Options): Promise<Subject> {
  const broker = await running(RedisServer.start(options))
  return {
    broker,
    keep: () => broker.ask('SET', 'name', 'välue'),
    kept: async () => (await broker.ask('GET', 'name')) ?? undefined,
    ping: 'PING\r\n',
  }
}

async function nats(options?: Options): Promise<Subject> {
  const broker = await running(NatsServer.start(options))
  return {
    broker,
    keep: async () => {
      await broker.ask('$JS.API.STREAM.CREATE.news', JSON.stringify({ name: 'news', subjects: ['news'] }))
      await broker.ask('news', 'välue')
    },
    kept: async () => {
      const { message } = JSON.parse(await broker.ask('$JS.API.STREAM.MSG.GET.news', '{"seq":1}'))
      return message === undefined ? undefined : Buffer.from(message.data, 'base64').toString()
    },
    ping: 'CONNECT {"verbose":false}\r\nPING\r\n',
  }
}

describe.each([
  ['Redis', redis],
  ['NATS', nats],
])('%s', (_name, start) => {
  test('a broker that is killed and restarted has the same port and its data', async () => {
    const { broker, keep, kept } = await start()
    const { port, pid } = broker
    await keep()
    await broker.kill()
    await broker.kill()
    expect(broker.pid).toBeUndefined()
    expect(await client(port).ends()).toBe('ECONNREFUSED')
    await broker.restart()
    expect([broker.port, await kept()]).toEqual([port, 'välue'])
    expect(broker.pid).not.toBe(pid)
    await broker.restart()
    expect(await kept()).toBe('välue')
  })

  test('restartEmpty() restarts a broker on the same port without its data', async () => {
    const { broker, keep, kept } = await start()
    const { port } = broker
    await keep()
    await broker.restartEmpty()
    expect([broker.port, await kept()]).toEqual([port, undefined])
    await keep()
    expect(await kept()).toBe('välue')
  })

  test('a paused broker accepts connections and does not answer until resume()', async () => {
    const [paused, other] = [await start(), await start()]
    await other.keep()
    await paused.broker.pause()
    const waiting = client(paused.broker.port).send(paused.ping)
    await once(waiting.socket, 'connect')
    for (let count = 0; count < 20; count++) await other.kept()
    expect(waiting.text).toBe('')
    paused.broker.resume()
    expect(await waiting.sees('PONG\r\n')).toContain('PONG\r\n')
  })

  test('a paused broker can be stopped', async () => {
    const { broker } = await start()
    await broker.pause()
    await broker.stop()
    await broker.stop()
    expect(await client(broker.port).ends()).toBe('ECONNREFUSED')
  })

  test('a broker with TLS has a certificate that can be verified', async () => {
    const { broker, keep, kept } = await start({ tls: true })
    await keep()
    expect(await kept()).toBe('välue')
    const plain = client(broker.port).send('PING\r\nPING\r\n')
    await plain.ends()
    expect(plain.text).not.toContain('PONG')
  })

  test('start() rejects with the end of the log if the broker does not start', async () => {
    await expect(start({ args: ['--no-such-option'] })).rejects.toThrow(
      /before it was ready; the end of its log:\n.*no-such/s,
    )
  })

  test('start() rejects if the given port is in use', async () => {
    const { broker } = await start()
    await expect(start({ port: broker.port })).rejects.toThrow(/address already in use/i)
  })
})

describe.each([
  ['REDIS_SERVER', redis],
  ['NATS_SERVER', nats],
])('$%s', (variable, start) => {
  const before = process.env[variable]
  afterEach(() => {
    if (before === undefined) delete process.env[variable]
    else process.env[variable] = before
  })

  test('is the program to run, and start() rejects if it cannot be started', async () => {
    process.env[variable] = '/no/such/program'
    await expect(start()).rejects.toThrow('could not be started: spawn /no/such/program ENOENT')
  })
})

test('Redis requires its password', async () => {
  const redis = await running(RedisServer.start({ password: 'pass/wörd' }))
  expect(await redis.ask('SET', 'name', 'value')).toBe('OK')
  expect(await client(redis.port).send('GET name\r\n').gets(7)).toMatch(/^-NOAUTH/)
})

test('Redis without an append-only file loses its data in a restart', async () => {
  const redis = await running(RedisServer.start({ appendOnly: false }))
  await redis.ask('SET', 'name', 'value')
  await redis.restart()
  expect(await redis.ask('GET', 'name')).toBeNull()
})

test('NATS requires its token', async () => {
  const nats = await running(NatsServer.start({ token: 'secret' }))
  expect(JSON.parse(await nats.ask('$JS.API.STREAM.NAMES'))).toMatchObject({ total: 0 })
  const stranger = client(nats.port).send('CONNECT {"verbose":false}\r\nPING\r\n')
  await stranger.ends()
  expect(stranger.text).toContain("-ERR 'Authorization Violation'")
})

test('a Redis Cluster of three nodes shares the slots, and one of them can be restarted', async () => {
  const cluster = await running(RedisCluster.start())
  expect(cluster.urls).toEqual(cluster.ports.map((port) => `redis://127.0.0.1:${port}`))
  const [first, , last] = cluster.nodes as [RedisServer, RedisServer, RedisServer]
  // Slot 12182.
  await expect(first.ask('SET', 'foo', 'bar')).rejects.toThrow(`MOVED 12182 127.0.0.1:${last.port}`)
  expect(await last.ask('SET', 'foo', 'bar')).toBe('OK')
  await last.restart()
  await cluster.ready()
  expect(await last.ask('GET', 'foo')).toBe('bar')
})

test('a broker and its folder are removed when the process that started it is killed', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { RedisServer } from './redis-server.ts'
        const redis = await RedisServer.start()
        await redis.restart()
        console.log(JSON.stringify({ port: redis.port, folder: redis.folder }))
      `,
      resolveDir: fileURLToPath(new URL('./brokers', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  })
  const child = spawn(process.execPath, ['--input-type=module'], { stdio: ['pipe', 'pipe', 'inherit'] })
  closers.push(() => child.kill('SIGKILL'))
  child.stdin.end(outputFiles[0]?.text)
  const { port, folder } = JSON.parse(String((await once(child.stdout, 'data'))[0]))
  expect(existsSync(folder)).toBe(true)
  const witness = client(port)
  await once(witness.socket, 'connect')
  child.kill('SIGKILL')
  await witness.ends()
  const deadline = Date.now() + 10_000
  let left: unknown
  do left = [existsSync(folder), await client(port).ends()]
  while (String(left) !== 'false,ECONNREFUSED' && Date.now() < deadline)
  expect(left).toEqual([false, 'ECONNREFUSED'])
})
