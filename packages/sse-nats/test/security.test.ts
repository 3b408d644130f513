import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { type NatsOptions, NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { Nodes } from './nodes.js'
import { numbers, Received } from './received.js'

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: NatsOptions): Promise<NatsServer> {
  const server = await NatsServer.start(options)
  closers.push(() => server.stop())
  return server
}

function nodesOf(...args: ConstructorParameters<typeof Nodes>): Nodes {
  const nodes = new Nodes(...args)
  closers.push(() => nodes.close())
  return nodes
}

/** Uses everything that a process needs, with enough events for every way of reading. */
async function useAll(nodes: Nodes, stream: string): Promise<void> {
  const [one, other] = [await nodes.backplane({ stream }), await nodes.backplane({ stream })]
  const received = await Received.of(one, 'news')
  const ids = await Promise.all(numbers(1, 30).map((data) => other.publish('news', { event: { data } })))
  await received.until(30)
  expect(received.data).toEqual(numbers(1, 30))
  expect((await Received.of(other, 'news', 20)).ids).toEqual(ids.slice(-20))
  expect(await other.read('news', String(ids[4]), 100)).toHaveLength(25)
  expect(await other.read('news', 'unknown', 100)).toBeUndefined()
  await other.publish('news', { end: true })
  await received.until('end')
}

test('the backplane works with a token and TLS', async () => {
  const server = await start({ token: 's3cret', tls: true })
  const nodes = nodesOf(server, { token: 's3cret', tls: { ca: server.ca } })
  await useAll(nodes, nodes.stream)
})

test('the backplane works with a user and a password', async () => {
  const server = await start({ args: ['--user', 'app', '--pass', 's3cret'] })
  const nodes = nodesOf(server, { user: 'app', pass: 's3cret' })
  await useAll(nodes, nodes.stream)
})

test('the backplane works in an account that imports the stream of another one', async () => {
  const server = await start({ args: ['-c', fileURLToPath(new URL('importing.conf', import.meta.url))] })
  await useAll(nodesOf(server, { user: 'app', pass: 'secret' }), 'SSEKIT')
})

test('the backplane works with only the permissions that the README lists, and its own inbox prefix', async () => {
  const server = await start({ args: ['-c', fileURLToPath(new URL('restricted.conf', import.meta.url))] })
  const admin = nodesOf(server, { user: 'admin', pass: 'secret' })
  await (await admin.backplane({ stream: 'SSEKIT' })).publish('made', { event: { data: 'by the admin' } })
  const inboxPrefix = '_INBOX_app'
  await useAll(nodesOf(server, { user: 'app', pass: 'secret', inboxPrefix }), 'SSEKIT')
  const deaf = await nodesOf(server, { user: 'deaf', pass: 'secret', inboxPrefix }).backplane({ stream: 'SSEKIT' })
  await deaf.publish('other', { event: { data: 1 } })
  await expect(Received.of(deaf, 'other')).rejects.toMatchObject({
    code: 'ERR_SSE_BACKPLANE',
    cause: expect.objectContaining({ message: expect.stringContaining('_live.ssekit.other.*') }),
  })
})

test('calls without permission reject at once with the server’s message', async () => {
  const server = await start({ args: ['-c', fileURLToPath(new URL('restricted.conf', import.meta.url))] })
  const admin = await nodesOf(server, { user: 'admin', pass: 'secret' }).backplane({ stream: 'SSEKIT' })
  const id = await admin.publish('news', { event: { data: 1 } })
  // Longer than the time limit of a test.
  const options = { stream: 'SSEKIT', timeoutMs: 600_000 }
  const mute = await nodesOf(server, { user: 'mute', pass: 'secret', inboxPrefix: '_INBOX_app' }).backplane(options)
  const refused = (subject: string): object => ({
    code: 'ERR_SSE_BACKPLANE',
    cause: expect.objectContaining({ message: expect.stringContaining(`Publish to "${subject}`) }),
  })
  const refusals: [outcome: Promise<unknown>, subject: string][] = [
    [mute.publish('news', { event: { data: 2 } }), 'ssekit.news.'],
    [mute.publish('news', { event: { data: 3 } }), 'ssekit.news.'],
    [mute.publish('other', { end: true }), 'ssekit.other.x'],
    [mute.read('news', id, 10), '$JS.API.DIRECT.GET.SSEKIT'],
    [Received.of(mute, 'news'), '$JS.API.DIRECT.GET.SSEKIT'],
  ]
  for (const [outcome] of refusals) outcome.catch(() => {})
  for (const [outcome, subject] of refusals) await expect(outcome).rejects.toMatchObject(refused(subject))
  // Rejected publishes do not delay later ones.
  await expect(mute.publish('news', { event: { data: 4 } })).rejects.toMatchObject(refused('ssekit.news.'))
  expect((await Received.of(admin, 'news')).data).toEqual([1])
  // The same, repeatedly, for a user who may not even request the stream's info.
  const blind = await nodesOf(server, { user: 'blind', pass: 'secret', inboxPrefix: '_INBOX_app' }).backplane(options)
  const info = refused('$JS.API.STREAM.INFO.SSEKIT')
  await expect(Received.of(blind, 'news')).rejects.toMatchObject(info)
  for (const data of [5, 6]) await expect(blind.publish('news', { event: { data } })).rejects.toMatchObject(info)
  await expect(blind.read('news', id, 10)).rejects.toMatchObject(info)
})

test('calls reject at once without permission to create the stream, or without JetStream', async () => {
  const options = { stream: 'SSEKIT', timeoutMs: 20_000 }
  const server = await start({ args: ['-c', fileURLToPath(new URL('restricted.conf', import.meta.url))] })
  const app = await nodesOf(server, { user: 'app', pass: 'secret', inboxPrefix: '_INBOX_app' }).backplane(options)
  for (const data of [1, 2]) {
    await expect(app.publish('news', { event: { data } })).rejects.toMatchObject({
      code: 'ERR_SSE_BACKPLANE',
      message: expect.not.stringContaining('did not answer'),
      cause: expect.objectContaining({ message: expect.stringContaining('$JS.API.STREAM.CREATE.SSEKIT') }),
    })
  }
  const admin = await nodesOf(server, { user: 'admin', pass: 'secret' }).backplane(options)
  await admin.publish('news', { event: { data: 3 } })
  await app.publish('news', { event: { data: 4 } })
  expect((await Received.of(app, 'news')).data).toEqual([3, 4])

  const accounts = await start({ args: ['-c', fileURLToPath(new URL('two-accounts.conf', import.meta.url))] })
  const without = await nodesOf(accounts, { user: 'without', pass: 'secret' }).backplane(options)
  await expect(without.publish('news', { event: { data: 1 } })).rejects.toMatchObject({
    code: 'ERR_SSE_BACKPLANE',
    message: 'the broker has no JetStream for this account',
    cause: expect.objectContaining({ message: 'JetStream not enabled for account' }),
  })
})
