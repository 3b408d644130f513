import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
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

  const manager = await jetstreamManager(await nodes.connect(servers[0]))
  let leader: NatsServer | undefined
  const isLed = async (): Promise<boolean> => {
    const { cluster } = await manager.streams.info(nodes.stream)
    leader = servers[Number(cluster?.leader?.split('-')[1])]
    return leader !== undefined
  }
  await until(isLed, () => 'somebody who leads')
  const publishing = numbers(51, 100).map((data) => one.publish('news', { event: { data } }))
  await leader?.kill()
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
