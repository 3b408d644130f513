import { describe, expect, test } from '@jest/globals'
import { jetstreamManager, RetentionPolicy, type StreamConfig } from '@nats-io/jetstream'
import { natsBackplane } from '@ssekit/sse-nats'
import { stateOf } from '../src/stream-state.js'
import { Subjects } from '../src/subjects.js'
import type { NodeOptions } from './nodes.js'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist, until } from './until.js'

const broker = sharedBroker()

test('an event over the server’s max_payload rejects with ERR_SSE_LIMIT, and the connection stays open', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane()
  await node.publish('news', { event: { data: 'x'.repeat(1_048_000) } })
  await expect(node.publish('news', { event: { data: 'x'.repeat(1_048_576) } })).rejects.toMatchObject({
    code: 'ERR_SSE_LIMIT',
    message: expect.stringContaining('max_payload'),
  })
  await node.publish('news', { event: { data: 'small' } })
  expect((await Received.of(node, 'news', 1)).data).toEqual(['small'])
})

test('publishes over maxBufferedBytes reject at once with ERR_SSE_LIMIT while the broker does not answer', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ timeoutMs: 400, maxBufferedBytes: 16_000 })
  await insist(() => node.publish('news', { event: { data: 'before' } }))
  await broker.server.pause()
  const results = await Promise.allSettled(
    numbers(1, 30).map((data) => node.publish('news', { event: { data: String(data).padEnd(1_000) } })),
  )
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'stored'))
  expect(codes.slice(0, 9)).not.toContain('ERR_SSE_LIMIT')
  expect(codes.slice(10)).toEqual(numbers(11, 30).map(() => 'ERR_SSE_LIMIT'))
  broker.server.resume()
  // A single event may be larger.
  await insist(() => node.publish('news', { event: { data: 'y'.repeat(20_000) } }))
})

test('maxBufferedBytes counts what a small event takes in the process', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ timeoutMs: 400, maxBufferedBytes: 10_000 })
  await insist(() => node.publish('news', { event: { data: 'before' } }))
  await broker.server.pause()
  const results = await Promise.allSettled(numbers(1, 50).map((data) => node.publish('news', { event: { data } })))
  const refused = results.filter((result) => result.status === 'rejected' && result.reason.code === 'ERR_SSE_LIMIT')
  expect(refused.length).toBeGreaterThan(30)
  broker.server.resume()
})

test('an existing stream is not changed, and one without republish is rejected', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  await (await nodes.backplane({ history: { maxEvents: 5, maxAgeMs: 90_000 } })).publish('news', { event: { data: 1 } })
  const other = await nodes.backplane({ history: { maxEvents: 7 }, storage: 'memory' })
  await Promise.all(numbers(2, 9).map((data) => other.publish('news', { event: { data } })))
  expect((await Received.of(other, 'news')).data).toEqual(numbers(5, 9))
  expect((await streams.info(nodes.stream)).config).toMatchObject({
    max_msgs_per_subject: 5,
    max_age: 90_000_000_000,
    storage: 'file',
  })
  await streams.add({ name: 'PLAIN', subjects: ['plain.>'], allow_direct: true })
  const plain = await nodes.backplane({ stream: 'PLAIN', timeoutMs: 1_500 })
  const refused = {
    code: 'ERR_SSE_BACKPLANE',
    message: 'the stream PLAIN is there already, without republish from plain.> to _live.plain.>',
  }
  await expect(Received.of(plain, 'news')).rejects.toMatchObject(refused)
  await expect(plain.publish('news', { event: { data: 1 } })).rejects.toMatchObject({
    code: 'ERR_SSE_BACKPLANE',
    cause: refused,
  })
})

test.each<[string, Partial<StreamConfig>]>([
  ['with the retention interest', { retention: RetentionPolicy.Interest }],
  ['with the retention workqueue', { retention: RetentionPolicy.Workqueue }],
  ['with no_ack', { no_ack: true }],
  ['without allow_direct', { allow_direct: false }],
])('a stream %s is rejected', async (what, config) => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  const prefix = nodes.stream.toLowerCase()
  await streams.add({
    name: nodes.stream,
    subjects: [`${prefix}.*.e`, `${prefix}.*.x`],
    republish: { src: `${prefix}.>`, dest: `_live.${prefix}.>` },
    allow_direct: true,
    max_msgs_per_subject: 100,
    ...config,
  })
  await expect(Received.of(await nodes.backplane(), 'news')).rejects.toMatchObject({
    code: 'ERR_SSE_BACKPLANE',
    message: `the stream ${nodes.stream} is there already, ${what}`,
  })
})

test('a stream with a subject_transform is rejected', async () => {
  const nodes = broker.nodes()
  await (await nodes.backplane()).publish('news', { event: { data: 1 } })
  const { streams } = await jetstreamManager(await nodes.connect())
  // Servers have it since 2.10, and the client asks no older one for it.
  const { config, ...info } = await streams.info(nodes.stream)
  const subject_transform = { src: '>', dest: 'elsewhere.>' }
  const state = (): unknown =>
    stateOf({ ...info, config: { ...config, subject_transform } }, new Subjects(nodes.stream.toLowerCase()))
  expect(state).toThrow(`the stream ${nodes.stream} is there already, with a subject_transform`)
})

test('publishes reject while the configuration of the stream is unusable, and continue once it is restored', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  const node = await nodes.backplane({ compareMs: 50 })
  const cron = await nodes.backplane({ compareMs: 50, timeoutMs: 300 })
  const received = await Received.of(node, 'news')
  await insist(() => cron.publish('news', { event: { data: 'before' } }))
  await received.until('before')
  await streams.update(nodes.stream, { allow_direct: false })
  const refusals: unknown[] = []
  await until(
    () =>
      cron.publish('news', { event: { data: 'meanwhile' } }).then(
        () => false,
        (error: unknown) => refusals.push(error) > 0,
      ),
    () => 'a refusal',
  )
  expect(refusals).toMatchObject([
    {
      code: 'ERR_SSE_BACKPLANE',
      cause: { message: `the stream ${nodes.stream} is there already, without allow_direct` },
    },
  ])
  await streams.update(nodes.stream, { allow_direct: true })
  await insist(() => cron.publish('news', { event: { data: 'after' } }))
  await received.until('after')
  expect(received.gaps).toBe(0)
})

describe('natsBackplane() rejects invalid options', () => {
  test.each<[NodeOptions, string]>([
    [{ stream: 'a.b' }, 'stream'],
    [{ prefix: 'a.*' }, 'prefix'],
    [{ prefix: '' }, 'prefix'],
    [{ prefix: '_live.app' }, 'prefix'],
    [{ stream: '_LIVE' }, 'prefix'],
    [{ domain: 'a b' }, 'domain'],
    [{ history: { maxEvents: 0 } }, 'history.maxEvents'],
    [{ history: { maxAgeMs: -1 } }, 'history.maxAgeMs'],
    [{ storage: 'tape' as 'file' }, 'storage'],
    [{ replicas: 6 }, 'replicas'],
    [{ maxBytes: Number.NaN }, 'maxBytes'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: 2 ** 31 }, 'timeoutMs'],
    [{ compareMs: -1 }, 'compareMs'],
    [{ maxBufferedBytes: -1 }, 'maxBufferedBytes'],
  ])('%j', async (options, name) => {
    const nodes = broker.nodes()
    const connection = await nodes.connect()
    expect(() => natsBackplane({ connection, ...options })).toThrow(RangeError)
    expect(() => natsBackplane({ connection, ...options })).toThrow(name)
  })

  test('of the wrong type', async () => {
    const nodes = broker.nodes()
    expect(() => natsBackplane(undefined as never)).toThrow(new TypeError('natsBackplane() takes { connection }'))
    expect(() => natsBackplane({ connection: {} as never })).toThrow(TypeError)
    expect(() => natsBackplane({ connection: undefined as never })).toThrow(TypeError)
    const connection = await nodes.connect()
    expect(() => natsBackplane({ connection, stream: 5 as never })).toThrow(TypeError)
  })
})
