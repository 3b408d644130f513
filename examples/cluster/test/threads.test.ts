import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { RedisServer } from '../../../packages/sse-testkit/test/brokers/redis-server.js'
import { Reader } from './reader.js'
import { preload, RunningExample } from './running-example.js'

let redis: RedisServer
let example: RunningExample
let reader: Reader | undefined

beforeAll(async () => {
  redis = await RedisServer.start({ appendOnly: false })
})

afterAll(() => redis.stop())

afterEach(async () => {
  reader?.source.close()
  example.destroy()
  await example.exited
})

test.each(['worker-threads', 'threads-without-broker'])(
  '%s: all events that a thread publishes reach the clients of the main thread, and so does the end',
  async (name) => {
    example = new RunningExample(name, { REDIS_URL: redis.url })
    const address = await example.listens()
    const job = await (await fetch(`${address}/jobs`, { method: 'POST' })).text()
    const watcher = new Reader(`${address}/jobs/${job}`, 'estimate')
    reader = watcher
    // The channel has ended, so a client that reconnects gets 204, which closes it.
    await watcher.until(() => watcher.source.readyState === watcher.source.CLOSED)

    const estimates = watcher.data.map((data) => JSON.parse(data))
    expect(estimates.map(({ round }) => round)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(estimates.at(-1).pi).toBeCloseTo(Math.PI, 2)
    expect(watcher.gaps).toBe(0)

    expect(await example.stop()).toBe(0)
    expect(example.stderr).toBe('')
  },
)

test.each(['worker-threads', 'threads-without-broker'])(
  '%s: at most four jobs run at once; further requests get 503',
  async (name) => {
    example = new RunningExample(name, { REDIS_URL: redis.url })
    const address = await example.listens()
    const start = () => fetch(`${address}/jobs`, { method: 'POST' })
    const answers = await Promise.all(Array.from({ length: 8 }, start))
    const refused = answers.filter(({ status }) => status === 503)
    const accepted = answers.filter(({ status }) => status === 200)
    expect(accepted).toHaveLength(4)
    expect(refused).toHaveLength(4)
    expect(refused[0]?.headers.get('retry-after')).toBe('5')
    // Succeeds soon after the stream of one of the four has ended.
    const ended = accepted.map(async (answer) => (await fetch(`${address}/jobs/${await answer.text()}`)).text())
    await Promise.race(ended)
    while ((await start()).status !== 200);
  },
)

test.each(['worker-threads', 'threads-without-broker'])(
  '%s: an EventSource that requests an unknown job gets 404 and closes',
  async (name) => {
    example = new RunningExample(name, { REDIS_URL: redis.url })
    const address = await example.listens()
    const signal = AbortSignal.timeout(10_000)
    expect((await fetch(`${address}/jobs/nosuch`, { signal })).status).toBe(404)
    reader = new Reader(`${address}/jobs/nosuch`)
    const { source } = reader
    await reader.until(() => source.readyState === source.CLOSED)
  },
)

test('worker-threads: a job that fails because Redis is down sends a failed event; the server keeps running', async () => {
  example = new RunningExample('worker-threads', { REDIS_URL: redis.url })
  const address = await example.listens()
  const job = await (await fetch(`${address}/jobs`, { method: 'POST' })).text()
  reader = new Reader(`${address}/jobs/${job}`, 'estimate')
  const { source, data } = reader
  const failed = new Promise<MessageEvent>((resolve) => source.addEventListener('failed', resolve))
  await reader.until(() => data.length > 0)
  await redis.pause()
  try {
    await example.complains(`job ${job} failed`)
  } finally {
    redis.resume()
  }
  expect(await failed).toMatchObject({ data: 'the job has failed' })
  await reader.until(() => source.readyState === source.CLOSED)
  expect(await example.stop()).toBe(0)
})

test('threads-without-broker: a job that throws sends a failed event; the server keeps running', async () => {
  example = new RunningExample('threads-without-broker', { NODE_OPTIONS: preload(failInThreads) })
  const address = await example.listens()
  const job = await (await fetch(`${address}/jobs`, { method: 'POST' })).text()
  reader = new Reader(`${address}/jobs/${job}`, 'failed')
  const { source, data } = reader
  await reader.until(() => source.readyState === source.CLOSED)
  expect(data).toEqual(['the job has failed'])
  expect(example.stderr).toContain('no more darts')
  expect(await example.stop()).toBe(0)
})

test('threads-without-broker: a server that is stopped during a job exits at once, and the job sends a failed event', async () => {
  example = new RunningExample('threads-without-broker', {})
  const address = await example.listens()
  const job = await (await fetch(`${address}/jobs`, { method: 'POST' })).text()
  reader = new Reader(`${address}/jobs/${job}`, 'estimate')
  const failed = new Promise<MessageEvent>((resolve) => reader?.source.addEventListener('failed', resolve))
  await reader.until(() => reader?.data.length === 1)
  expect(await example.stop()).toBe(0)
  expect(example.stderr).toBe('')
  expect(await failed).toMatchObject({ data: 'the job has failed' })
})

/** Runs in every thread of an example, before the example. */
function failInThreads(): void {
  if (process.getBuiltinModule('node:worker_threads').isMainThread) return
  Math.random = () => {
    throw new Error('no more darts')
  }
}
