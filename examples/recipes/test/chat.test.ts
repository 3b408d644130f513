import { expect, test } from '@jest/globals'
import { connect, serve, until } from '../../from-python/test/serving.js'
import { app, manager, watches } from '../src/chat.js'

const cookie = (session: string) => ({ cookie: `session=${session}` })

async function say(room: string, text: string, headers: Record<string, string>): Promise<number> {
  const url = `${await serve(app)}/rooms/${room}`
  return (await fetch(url, { method: 'POST', body: text, headers })).status
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
  expect(await say('long', 'x'.repeat(4 * 1024), cookie('ann-1'))).toBe(204)
  const [said] = await room.take(1, ({ event }) => event === 'said')
  expect(JSON.parse(said?.data ?? '').text).toHaveLength(4 * 1024)
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
