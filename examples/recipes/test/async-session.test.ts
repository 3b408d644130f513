import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { connect, nextData, serve, until } from '../../from-python/test/serving.js'
import { app, database, logOut, manager } from '../src/async-session.js'

const cookie = (session: string) => ({ cookie: `session=${session}` })

test('a session that the database knows gets the notifications of its user, any other gets 401', async () => {
  const stream = await connect(app, '/notifications', cookie('bob-1'))
  await manager.getOrCreate('user:bob').broadcast('hello')
  expect(await nextData(stream, 1)).toEqual(['hello'])
  expect((await fetch(`${await serve(app)}/notifications`, { headers: cookie('made-up') })).status).toBe(401)
})

test('a session that is logged out while the database looks it up gets no stream', async () => {
  const { find } = database
  const lookups = new EventTarget()
  database.find = async (session) => {
    const user = await find(session)
    lookups.dispatchEvent(new Event('found'))
    await once(lookups, 'answered')
    return user
  }
  const found = once(lookups, 'found')
  const connecting = connect(app, '/notifications', cookie('ann-1'))
  await found
  expect(await logOut('ann-1')).toBe(1)
  lookups.dispatchEvent(new Event('answered'))
  const stream = await connecting
  expect(await stream.end()).toBe('complete')
  database.find = find
  await until(() => manager.stats().closed.kicked === 1)
  expect(manager.has('user:ann') && manager.getOrCreate('user:ann').subscriberCount > 0).toBe(false)
  expect((await connect(app, '/notifications', cookie('ann-1'))).status).toBe(401)
})
