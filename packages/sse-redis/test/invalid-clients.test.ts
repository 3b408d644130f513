import { expect, test } from '@jest/globals'
import { redisBackplane } from '@ssekit/sse-redis'
import { Redis } from 'ioredis'
import { createClient, createClientPool, createSentinel } from 'redis'

test.each<[what: string, client: unknown, says: RegExp]>([
  ['a pool of node-redis', createClientPool(), /not a pool of node-redis/],
  [
    'a Sentinel client of node-redis',
    createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }),
    /not a Sentinel client of node-redis; that of ioredis will do/,
  ],
  ['a pipeline', new Redis({ lazyConnect: true }).pipeline(), /not an object/],
  ['a MULTI of node-redis', createClient().multi(), /not an object/],
  ['an address', 'redis://127.0.0.1', /not string/],
  ['an object', {}, /not an object/],
  ['null', null, /not null/],
  ['nothing', undefined, /not undefined/],
])('redisBackplane() throws a TypeError for %s as the client', (_what, client, says) => {
  expect(() => redisBackplane({ client } as never)).toThrow(TypeError)
  expect(() => redisBackplane({ client } as never)).toThrow(says)
})

test('redisBackplane() without options throws a TypeError that names { client }', () => {
  expect(() => redisBackplane(undefined as never)).toThrow(new TypeError('redisBackplane() takes { client }'))
})
