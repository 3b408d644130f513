import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { RedisServer } from '../../../packages/sse-testkit/test/brokers/redis-server.js'
import { Reader } from './reader.js'
import { RunningExample } from './running-example.js'

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
  '%s: all that a thread publishes reaches the clients of the main thread, and so does the end',
  async (name) => {
    example = new RunningExample(name, { REDIS_URL: redis.url })
    const address = await example.listens()
    const job = await (await fetch(`${address}/jobs`, { method: 'POST' })).text()
    const watcher = new Reader(`${address}/jobs/${job}`, 'estimate')
    reader = watcher
    // The channel has ended, and says so to who comes back.
    await watcher.until(() => watcher.source.readyState === watcher.source.CLOSED)

    const estimates = watcher.data.map((data) => JSON.parse(data))
    expect(estimates.map(({ round }) => round)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(estimates.at(-1).pi).toBeCloseTo(Math.PI, 2)
    expect(watcher.gaps).toBe(0)

    expect(await example.stop()).toBe(0)
    expect(example.stderr).toBe('')
  },
)
