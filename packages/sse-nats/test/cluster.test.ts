import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { startCluster } from './cluster.js'
import { Nodes } from './nodes.js'
import { numbers, Received } from './received.js'
import { insist, until } from './until.js'

let servers: readonly NatsServer[]
let nodes: Nodes

beforeAll(async () => {
  servers = await startCluster()
})

afterEach(async () => {
  await nodes.close()
})

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
})

/** The leader of a stream. */
async function leaderOf(stream: string): Promise<NatsServer> {
  const manager = await jetstreamManager(await nodes.connect(servers[0]))
  let leader: NatsServer | undefined
  const isLed = async (): Promise<boolean> => {
    const { cluster } = await manager.streams.info(stream)
    leader = servers[Number(cluster?.leader?.split('-')[1])]
    return leader !== undefined
  }
  await until(isLed, () => 'a leader')
  return leader as NatsServer
}

test('if the only server of a memory stream restarts, subscribers get one gap and then all new events', async () => {
  nodes = new Nodes(servers[0] as NatsServer)
  const options = { storage: 'memory', compareMs: 100, timeoutMs: 2_000 } as const
  await insist(async () => (await nodes.backplane(options)).publish('made', { event: { data: 0 } }))
  const holder = await leaderOf(nodes.stream)
  // The other servers and the connections to them stay up.
  const others = servers.filter((server) => server !== holder)
  const [publisher, node] = await Promise.all(others.map((server) => nodes.backplane(options, server)))
  if (publisher === undefined || node === undefined) throw new Error('two others')
  const received = [await Received.of(node, 'news'), await Received.of(node, 'quiet')] as const
  const ids = await Promise.all(numbers(1, 20).map((data) => publisher.publish('news', { event: { data } })))
  await received[0].until(20)
  await holder.restart()
  for (const data of numbers(101, 105)) await insist(() => publisher.publish('news', { event: { data } }), 30_000)
  await insist(() => publisher.publish('quiet', { event: { data: 'first' } }))
  await received[0].until(105)
  await received[1].until('first')
  expect(received.map(({ gaps }) => gaps)).toEqual([1, 1])
  expect([...new Set(received[0].data)]).toEqual([...numbers(1, 20), ...numbers(101, 105)])
  for (const id of [ids[0], ids[19]]) expect(await insist(() => node.read('news', String(id), 10))).toBeUndefined()
})

test('a comparison finds a last event that neither the bell nor the nearest replica delivered', async () => {
  nodes = new Nodes(servers[0] as NatsServer)
  const options = { replicas: 3, compareMs: 50, timeoutMs: 5_000 }
  const publisher = await nodes.backplane(options)
  await insist(() => publisher.publish('news', { event: { data: 1 } }), 30_000)
  const connection = await nodes.connect()
  // Simulates a replica that was cut off for a while and does not have the events published meanwhile.
  let isBehind = false
  const events = `${nodes.stream.toLowerCase()}.news.e`
  const publish = connection.publish.bind(connection)
  jest.spyOn(connection, 'publish').mockImplementation((subject, payload, options) => {
    const direct = `$JS.API.DIRECT.GET.${nodes.stream}`
    if (isBehind && subject === `${direct}.${events}`) {
      publish(direct, JSON.stringify({ next_by_subj: events, seq: 1 }), options)
    } else publish(subject, payload, options)
  })
  const subscribe = connection.subscribe.bind(connection)
  jest.spyOn(connection, 'subscribe').mockImplementation((subject, { callback, ...options } = {}) =>
    subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (!isBehind || !message.subject.startsWith('_live.')) callback?.(error, message)
      },
    }),
  )
  const node = await nodes.backplane({ ...options, connection })
  const received = await insist(() => Received.of(node, 'news'))
  isBehind = true
  await insist(() => publisher.publish('news', { event: { data: 2 } }))
  await received.until(2)
  expect([received.data, received.gaps]).toEqual([[1, 2], 0])
})

test('if the leader of three servers is killed, subscribers get every accepted event once, in order', async () => {
  nodes = new Nodes(servers[0] as NatsServer, { servers: servers.map(({ url }) => url) })
  const patience = { replicas: 3, timeoutMs: 30_000 }
  const [patient, patientToo] = [await nodes.backplane(patience), await nodes.backplane(patience)]
  await patient.publish('made', { event: { data: 'with time' } })
  const options = { timeoutMs: 1_000 }
  const [one, two, three] = await Promise.all(servers.map((server) => nodes.backplane(options, server)))
  if (one === undefined || two === undefined || three === undefined) throw new Error('three servers')
  const received = await Promise.all([one, two, three].map((node) => insist(() => Received.of(node, 'news'))))
  const first = await Promise.all(numbers(1, 50).map((data) => patient.publish('news', { event: { data } })))
  // All nodes know the ids, whichever server they are connected to.
  for (const node of [two, three]) {
    expect(await insist(() => node.read('news', String(first[9]), 100))).toHaveLength(40)
  }
  expect((await insist(() => Received.of(three, 'news', 20))).data).toEqual(numbers(31, 50))

  const leader = await leaderOf(nodes.stream)
  const publishing = numbers(51, 100).map((data) => one.publish('news', { event: { data } }))
  await leader.kill()
  const outcomes = await Promise.allSettled(publishing)
  // The two remaining servers must elect a leader, which takes longer than the time limit.
  await insist(() => two.publish('news', { event: { data: 'last' } }), 30_000)
  for (const each of received) {
    await each.until('last')
    expect(each.gaps).toBe(0)
    expect(each.data.slice(0, 50)).toEqual(numbers(1, 50))
    // Each attempt to publish the last event may have been stored.
    const during = each.data.slice(50).filter((data) => data !== 'last')
    expect(during).toEqual(numbers(51, 100).filter((n) => during.includes(n)))
    // No accepted event is missing; a rejected one may be stored or not.
    const accepted = numbers(51, 100).filter((_, index) => outcomes[index]?.status === 'fulfilled')
    expect(during).toEqual(expect.arrayContaining(accepted))
  }
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  }
  await patient.publish('news', { end: true })
  await expect(patientToo.publish('news', { event: { data: 'late' } })).rejects.toMatchObject({
    code: 'ERR_SSE_CLOSED',
  })
  for (const each of received) await each.until('end')
})
