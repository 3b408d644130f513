import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { TcpProxy } from '@ssekit/sse-testkit'
import { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { freePort } from '../../sse-testkit/test/network/free-port.js'
import { Nodes } from './nodes.js'
import { numbers, Received } from './received.js'
import { insist, until } from './until.js'

// A hub and its leaf node, each with JetStream in its own domain.

const closers: (() => unknown)[] = []

afterEach(async () => {
  jest.restoreAllMocks()
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(config: string): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ssekit-nats-'))
  closers.push(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'server.conf')
  writeFileSync(file, config)
  const server = await NatsServer.start({ args: ['-c', file] })
  closers.push(() => server.stop())
  return server
}

function startHub(leafPort: number): Promise<NatsServer> {
  return start(`server_name: hub, jetstream { domain: hub }, leafnodes { listen: "127.0.0.1:${leafPort}" }`)
}

/** @param hubPort where the hub accepts, or will accept, leaf nodes */
function startLeaf(hubPort: number): Promise<NatsServer> {
  const remotes = `remotes: [{ url: "nats://127.0.0.1:${hubPort}" }]`
  return start(`server_name: leaf, jetstream { domain: leaf }, leafnodes { reconnect: 1, ${remotes} }`)
}

async function proxyTo(port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.listen({ port })
  closers.push(() => proxy.close())
  return proxy
}

function nodesAt(server: NatsServer): Nodes {
  const nodes = new Nodes(server)
  closers.push(() => nodes.close())
  return nodes
}

/** Waits until the leaf node reaches the hub. */
async function linked(nodes: Nodes, leaf: NatsServer): Promise<void> {
  const manager = await jetstreamManager(await nodes.connect(leaf), { domain: 'hub', checkAPI: false, timeout: 1_000 })
  const isLinked = (): Promise<boolean> =>
    manager.getAccountInfo().then(
      () => true,
      () => false,
    )
  await until(isLinked, () => 'the hub on the leaf node')
}

test('if two domains store the same subjects, subscribers get no gap or duplicate, and publishers an error', async () => {
  const port = await freePort()
  // Delayed so that a domain's own stream answers first.
  const proxy = await proxyTo(port)
  proxy.delayMs = 20
  const leaf = await startLeaf(proxy.port)
  const nodes = nodesAt(leaf)
  const leafNode = await nodes.backplane()
  // Its sequence advances while it is alone.
  for (const data of numbers(1, 50)) await leafNode.publish('other', { event: { data } })
  const hub = await startHub(port)
  await linked(nodes, leaf)
  const connection = await nodes.connect(hub)
  const listener = await nodes.backplane({ connection, compareMs: 20 })
  const [news, quiet] = [await Received.of(listener, 'news'), await Received.of(listener, 'quiet')]
  // Another program, which gets no error.
  for (const data of numbers(1, 10)) {
    connection.publish(`${nodes.stream.toLowerCase()}.news.e`, JSON.stringify({ data }))
    await news.until(data)
    const before = connection.stats().outMsgs
    await until(
      () => connection.stats().outMsgs > before + 20,
      () => 'comparisons',
    )
  }
  expect(news.data).toEqual(numbers(1, 10))
  expect((await listener.read('news', String(news.ids[0]), 100))?.map(({ id }) => id)).toEqual(news.ids.slice(1))

  const hubNode = await nodes.backplane({}, hub)
  for (const [node, domains] of [
    [hubNode, ['leaf', 'hub']],
    [leafNode, ['hub', 'leaf']],
  ] as const) {
    const isRefused = (): Promise<boolean> =>
      node.publish('busy', { event: { data: 1 } }).then(
        () => false,
        (error: unknown) => {
          const [theirs, ours] = domains.map((domain) => `the stream ${nodes.stream} of the domain ${domain}`)
          expect(error).toMatchObject({
            code: 'ERR_SSE_BACKPLANE',
            message: expect.stringContaining(`${theirs} stores what is published to ${ours}`),
          })
          return true
        },
      )
    // The second answer to the first publish is enough.
    let attempts = 0
    while (!(await isRefused())) {
      attempts += 1
      expect(attempts).toBeLessThan(10)
      await linked(nodes, leaf)
    }
  }
  expect([news.gaps, quiet.gaps, quiet.data]).toEqual([0, 0, []])

  // An operator fixes it, and after a while the backplane tries again.
  const { streams } = await jetstreamManager(await nodes.connect(leaf))
  await streams.delete(nodes.stream)
  const { now } = performance
  jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 31_000)
  await hubNode.publish('news', { event: { data: 'after' } })
  await news.until('after')
  expect([news.data, news.gaps]).toEqual([[...numbers(1, 10), 'after'], 0])
})

test.each([
  ['with another name', 'EDGE'],
  ['with the same name, once that is detected,', 'SAME'],
])('messages of another domain’s stream %s are ignored', async (_which, leafStream) => {
  const port = await freePort()
  const leaf = await startLeaf(port)
  const nodes = nodesAt(leaf)
  const [stream, prefix] = ['SAME', 'same']
  // One stream is one message ahead: its messages seem to follow those of the other.
  await (await nodes.backplane({ stream: leafStream, prefix })).publish('news', { event: { data: 'alone' } })
  const hub = await startHub(port)
  await linked(nodes, leaf)
  const connection = await nodes.connect(hub)
  const node = await nodes.backplane({ stream, prefix, connection, compareMs: 0 })
  const received = await Received.of(node, 'news')
  const publish = async (data: unknown): Promise<void> => {
    connection.publish(`${prefix}.news.e`, JSON.stringify({ data }))
    await received.until(data)
    // The other stream's bell comes later.
    await linked(nodes, leaf)
    await connection.flush()
  }
  const isRefused = (): Promise<boolean> =>
    node.publish('busy', { event: { data: 1 } }).then(
      () => false,
      () => true,
    )
  if (leafStream === stream) await until(isRefused, () => 'a refusal')
  await publish('first')
  for (const data of numbers(1, 10)) await publish(data)
  expect([received.data, received.gaps]).toEqual([['first', ...numbers(1, 10)], 0])
})

test('a process on a leaf node can use the hub’s stream, and misses nothing while it is cut off', async () => {
  const port = await freePort()
  const hub = await startHub(port)
  const proxy = await proxyTo(port)
  const leaf = await startLeaf(proxy.port)
  const nodes = nodesAt(hub)
  await linked(nodes, leaf)
  const options = { compareMs: 50, timeoutMs: 10_000 }
  const [hubNode, leafNode] = [
    await nodes.backplane(options),
    await nodes.backplane({ ...options, domain: 'hub' }, leaf),
  ]
  const received = [await Received.of(hubNode, 'news'), await Received.of(leafNode, 'news')] as const
  await hubNode.publish('news', { event: { data: 1 } })
  await leafNode.publish('news', { event: { data: 2 } })
  for (const each of received) await each.until(2)
  proxy.refuse()
  proxy.cut()
  for (const data of numbers(3, 20)) await hubNode.publish('news', { event: { data } })
  proxy.accept()
  await linked(nodes, leaf)
  await insist(() => leafNode.publish('news', { event: { data: 'after' } }))
  for (const each of received) await each.until('after')
  expect(received.map(({ data, gaps }) => [[...new Set(data)], gaps])).toEqual(
    received.map(() => [[...numbers(1, 20), 'after'], 0]),
  )
  expect(received[1].ids).toEqual(received[0].ids)
  expect((await Received.of(leafNode, 'news', 15)).ids).toEqual(received[0].ids.slice(-15))
})
