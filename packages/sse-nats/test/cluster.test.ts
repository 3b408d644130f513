import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { startCluster } from './cluster.js'
import { Heard, numbers } from './heard.js'
import { Nodes } from './nodes.js'
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

/** The server that leads a stream. */
async function leaderOf(stream: string): Promise<NatsServer> {
  const manager = await jetstreamManager(await nodes.connect(servers[0]))
  let leader: NatsServer | undefined
  const isLed = async (): Promise<boolean> => {
    const { cluster } = await manager.streams.info(stream)
    leader = servers[Number(cluster?.leader?.split('-')[1])]
    return leader !== undefined
  }
  await until(isLed, () => 'somebody who leads')
  return leader as NatsServer
}

test('a stream in the memory of one server, which is restarted: one gap, and then all that there is', async () => {
  nodes = new Nodes(servers[0] as NatsServer)
  const options = { storage: 'memory', compareMs: 100, timeoutMs: 2_000 } as const
  await insist(async () => (await nodes.backplane(options)).publish('made', { event: { data: 0 } }))
  const holder = await leaderOf(nodes.stream)
  // Their own servers go on, and so do their connections.
  const others = servers.filter((server) => server !== holder)
  const [publisher, node] = await Promise.all(others.map((server) => nodes.backplane(options, server)))
  if (publisher === undefined || node === undefined) throw new Error('two others')
  const heard = [await Heard.of(node, 'news'), await Heard.of(node, 'quiet')] as const
  const ids = await Promise.all(numbers(1, 20).map((data) => publisher.publish('news', { event: { data } })))
  await heard[0].for(20)
  await holder.restart()
  for (const data of numbers(101, 105)) await insist(() => publisher.publish('news', { event: { data } }), 30_000)
  await insist(() => publisher.publish('quiet', { event: { data: 'first' } }))
  await heard[0].for(105)
  await heard[1].for('first')
  expect(heard.map(({ gaps }) => gaps)).toEqual([1, 1])
  expect([...new Set(heard[0].data)]).toEqual([...numbers(1, 20), ...numbers(101, 105)])
  for (const id of [ids[0], ids[19]]) expect(await insist(() => node.read('news', String(id), 10))).toBeUndefined()
})

test('a last event that neither its bell nor the nearest replica has told of is found', async () => {
  nodes = new Nodes(servers[0] as NatsServer)
  const options = { replicas: 3, compareMs: 50, timeoutMs: 5_000 }
  const publisher = await nodes.backplane(options)
  await insist(() => publisher.publish('news', { event: { data: 1 } }), 30_000)
  const connection = await nodes.connect()
  // A replica that was cut off for a while: nothing of what is published meanwhile comes from it.
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
  const heard = await insist(() => Heard.of(node, 'news'))
  isBehind = true
  await insist(() => publisher.publish('news', { event: { data: 2 } }))
  await heard.for(2)
  expect([heard.data, heard.gaps]).toEqual([[1, 2], 0])
})

test('a stream on three servers, of which the one that leads is killed: all is there, in order, none twice', async () => {
  nodes = new Nodes(servers[0] as NatsServer, { servers: servers.map(({ url }) => url) })
  const patience = { replicas: 3, timeoutMs: 30_000 }
  const [patient, patientToo] = [await nodes.backplane(patience), await nodes.backplane(patience)]
  await patient.publish('made', { event: { data: 'with time' } })
  const options = { timeoutMs: 1_000 }
  const [one, two, three] = await Promise.all(servers.map((server) => nodes.backplane(options, server)))
  if (one === undefined || two === undefined || three === undefined) throw new Error('three servers')
  const heard = await Promise.all([one, two, three].map((node) => insist(() => Heard.of(node, 'news'))))
  const first = await Promise.all(numbers(1, 50).map((data) => patient.publish('news', { event: { data } })))
  // What one node was told is known to all, whichever server they ask.
  for (const node of [two, three]) {
    expect(await insist(() => node.read('news', String(first[9]), 100))).toHaveLength(40)
  }
  expect((await insist(() => Heard.of(three, 'news', 20))).data).toEqual(numbers(31, 50))

  const leader = await leaderOf(nodes.stream)
  const publishing = numbers(51, 100).map((data) => one.publish('news', { event: { data } }))
  await leader.kill()
  const outcomes = await Promise.allSettled(publishing)
  // The two that are left have to agree on who leads, which takes them longer than the limit.
  await insist(() => two.publish('news', { event: { data: 'last' } }), 30_000)
  for (const each of heard) {
    await each.for('last')
    expect(each.gaps).toBe(0)
    expect(each.data.slice(0, 50)).toEqual(numbers(1, 50))
    // Each attempt at the last one may have been stored.
    const during = each.data.slice(50).filter((data) => data !== 'last')
    expect(during).toEqual(numbers(51, 100).filter((n) => during.includes(n)))
    // Nothing that was accepted is missing; of what was not, nobody could say.
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
  for (const each of heard) await each.for('end')
})
