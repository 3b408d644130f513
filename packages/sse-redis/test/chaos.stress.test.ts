import { afterEach, expect, test } from '@jest/globals'
import { RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { CHANNELS, Chaos } from '../../sse-testkit/test/chaos/chaos.js'
import type { Faults } from '../../sse-testkit/test/chaos/faults.js'
import { below, pick } from '../../sse-testkit/test/chaos/random.js'

const program = '../../../sse-redis/test/nodes/chaos-node'
const libraries = ['ioredis', 'node-redis']
let redis: RedisServer
let chaos: Chaos | undefined
afterEach(async () => {
  redis.resume()
  await chaos?.end()
  await redis.stop()
})

/** What a server does to its clients. */
const unkind = (): Faults => ({
  'the server closes its clients': () => redis.ask('CLIENT', 'KILL', 'TYPE', 'normal'),
  'the server closes its subscribers': () => redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub'),
  'the server forgets its scripts': () => redis.ask('SCRIPT', 'FLUSH'),
  'the server pauses': () => redis.ask('CLIENT', 'PAUSE', '500'),
})

/** How it loses events. */
const lossy = (): Faults => ({
  'the server loses everything': () => redis.ask('FLUSHALL'),
  'the server loses a channel': () => redis.ask('DEL', keyOf(pick(CHANNELS))),
  'the server loses all but a few events': () => redis.ask('XTRIM', keyOf(pick(CHANNELS)), 'MAXLEN', String(below(3))),
})

const keyOf = (channel: string): string => `ssekit:{${channel}}:log`

/** An id begins with the id of its entry in the stream: its time, and its number within that. */
function inOrder(a: string, b: string): number {
  const [[timeA = 0, numberA = 0], [timeB = 0, numberB = 0]] = [a.split('-').map(Number), b.split('-').map(Number)]
  return timeA - timeB || numberA - numberB
}

test('while nodes, a Redis and the network fail, every client gets every event once and in order', async () => {
  redis = await RedisServer.start()
  chaos = await Chaos.begin({ broker: redis, program, libraries, faults: unkind() })
  await chaos.rage()
  expect(await chaos.verdict()).toEqual([])
})

test('if a Redis also keeps few events and loses some, every client gets what follows its last event, or a gap', async () => {
  redis = await RedisServer.start()
  chaos = await Chaos.begin({ broker: redis, program, libraries, faults: { ...unkind(), ...lossy() }, inOrder })
  await chaos.rage()
  expect(await chaos.verdict()).toEqual([])
})
