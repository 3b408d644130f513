import { expect, test } from '@jest/globals'
import { connect, serve, until } from '../../from-python/test/serving.js'
import { app, manager, watches } from '../src/chat.js'
import { rooms } from '../src/rooms.js'

for (const name of ['long', 'user:ann', 'busy', ...Array.from({ length: 7 }, (_, i) => `watched-${i}`)]) rooms.add(name)

const cookie = (session: string) => ({ cookie: `session=${session}` })

async function say(room: string, text: string, headers: Record<string, string>): Promise<number> {
  const url = `${await serve(app)}/rooms/${room}`
  return post(url, JSON.stringify({ text }), { 'Content-Type': 'application/json', ...headers })
}

async function post(url: string, body: string, headers: Record<string, string>): Promise<number> {
  return (await fetch(url, { method: 'POST', body, headers })).status
}

test('a message reaches the members of its own room only; a request without a session gets 401', async () => {
  const red = await connect(app, '/rooms/red', cookie('ann-1'))
  const blue = await connect(app, '/rooms/blue', cookie('bob-1'))
  expect(await say('red', 'hello\nyou', cookie('bob-1'))).toBe(204)
  expect(await say('red', 'hello', {})).toBe(401)
  const [said] = await red.take(1, ({ event }) => event === 'said')
  expect(JSON.parse(said?.data ?? '')).toEqual({ user: 'bob', text: 'hello\nyou' })
  expect(await say('blue', 'last', cookie('bob-1'))).toBe(204)
  await blue.take(1, ({ event }) => event === 'said')
  expect(blue.text).not.toContain('hello')
  expect((await connect(app, '/rooms/red')).status).toBe(401)
})

test('the name of a room cannot name another channel', async () => {
  await connect(app, '/rooms/user:ann', cookie('bob-1'))
  expect(manager.has('room:user:ann')).toBe(true)
  expect(manager.has('user:ann')).toBe(false)
})

test('a message that is too long gets 413', async () => {
  const room = await connect(app, '/rooms/long', cookie('ann-1'))
  expect(await say('long', 'x'.repeat(4 * 1024 + 1), cookie('ann-1'))).toBe(413)
  // Also one whose body is still arriving when it is refused.
  expect(await say('long', 'x'.repeat(4 * 1024 * 1024), cookie('ann-1'))).toBe(413)
  const { length } = JSON.stringify({ text: '' })
  expect(await say('long', 'x'.repeat(4 * 1024 - length), cookie('ann-1'))).toBe(204)
  const [said] = await room.take(1, ({ event }) => event === 'said')
  expect(JSON.parse(said?.data ?? '').text).toHaveLength(4 * 1024 - length)
})

test('all members of a room are told who is in it', async () => {
  const here = async (reader: typeof ann) => {
    const [event] = await reader.take(1, ({ event }) => event === 'here')
    return JSON.parse(event?.data ?? '')
  }
  const ann = await connect(app, '/rooms/green', cookie('ann-1'))
  expect(await here(ann)).toEqual({ users: ['ann'], streams: 1 })
  const tab = await connect(app, '/rooms/green', cookie('ann-2'))
  expect(await here(ann)).toEqual({ users: ['ann'], streams: 2 })
  const bob = await connect(app, '/rooms/green', cookie('bob-1'))
  expect(await here(ann)).toEqual({ users: ['ann', 'bob'], streams: 3 })
  tab.abort()
  expect(await here(ann)).toEqual({ users: ['ann', 'bob'], streams: 2 })
  ann.abort()
  await until(() => manager.getOrCreate('room:green').subscriberCount === 1)
  expect((await bob.take(3, ({ event }) => event === 'here')).at(-1)?.data).toBe('{"users":["bob"],"streams":1}')
})

test('a room is watched until its last member leaves; a refused stream starts no watch', async () => {
  await until(() => watches.size === 0)
  const streams = await Promise.all(
    Array.from({ length: 6 }, (_, i) => connect(app, `/rooms/watched-${i}`, cookie('ann-1'))),
  )
  const refused = await connect(app, '/rooms/watched-6', cookie('ann-2'))
  await refused.end()
  await until(() => watches.size === 6)
  for (const stream of streams) stream.abort()
  await until(() => watches.size === 0)
})

test('a room that does not exist is answered with 404, and no channel is created for it', async () => {
  const url = `${await serve(app)}/rooms/made-up`
  expect((await fetch(url, { headers: cookie('ann-1') })).status).toBe(404)
  expect(await say('made-up', 'hello', cookie('ann-1'))).toBe(404)
  expect(manager.listChannels().filter((name) => name.includes('made-up'))).toEqual([])
})

// What a page of another site can post with the cookie of its visitor, without asking first.
test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
  'the chat refuses a message of type %s with 415',
  async (type) => {
    const url = `${await serve(app)}/rooms/red`
    const headers = { ...cookie('ann-1'), 'Content-Type': type }
    expect(await post(url, JSON.stringify({ text: 'I quit' }), headers)).toBe(415)
  },
)

test.each(['hello', 'null', '{}', '{"text":1}'])('the chat refuses %s as a message with 400', async (body) => {
  const url = `${await serve(app)}/rooms/red`
  expect(await post(url, body, { ...cookie('ann-1'), 'Content-Type': 'application/json' })).toBe(400)
})

test('a member who reconnects gets every missed message, however often others joined and left', async () => {
  const before = await connect(app, '/rooms/busy', cookie('ann-1'))
  await before.take(1, ({ event }) => event === 'here')
  before.abort()
  const here = manager.getOrCreate('here:busy')
  await until(() => here.subscriberCount === 0)
  expect(await say('busy', 'missed', cookie('ann-2'))).toBe(204)
  const position = here.lastEventId
  // More events than a history holds by default.
  for (let i = 0; i <= 500; i++) {
    const bob = await connect(app, '/rooms/busy', cookie('bob-1'))
    bob.abort()
    await until(() => here.subscriberCount === 0)
  }
  expect(here.lastEventId).not.toBe(position)
  const after = await connect(app, '/rooms/busy', { ...cookie('ann-1'), 'Last-Event-ID': before.lastEventId })
  const [said] = await after.take(1, ({ event }) => event === 'said')
  expect(JSON.parse(said?.data ?? '').text).toBe('missed')
  expect(after.text).not.toContain('sse-gap')
})
