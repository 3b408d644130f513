import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import { respond } from '@ssekit/sse-core'
import { connect, isNews, nextData, serve, until } from '../../from-python/test/serving.js'
import { app, logOut, manager, notify } from '../src/notifications.js'

const cookie = (session: string) => ({ cookie: `session=${session}` })

test('a request without a valid session gets 401', async () => {
  for (const headers of [{}, cookie('nobody')]) {
    expect((await fetch(`${await serve(app)}/notifications`, { headers })).status).toBe(401)
  }
})

test('a notification reaches all tabs of its user, also one that reconnects, and no other user', async () => {
  const tabs = await Promise.all(['ann-1', 'ann-2'].map((name) => connect(app, '/notifications', cookie(name))))
  const bob = await connect(app, '/notifications', cookie('bob-1'))
  await notify('ann', 'one')
  for (const tab of tabs) expect(await nextData(tab, 1)).toEqual(['{"text":"one"}'])
  const [away] = tabs
  away?.abort()
  await until(() => manager.getOrCreate('user:ann').subscriberCount === 1)
  await notify('ann', 'two')
  const back = await connect(app, '/notifications', { ...cookie('ann-1'), 'Last-Event-ID': away?.lastEventId ?? '' })
  expect(await nextData(back, 1)).toEqual(['{"text":"two"}'])
  await notify('bob', 'hello')
  expect(await nextData(bob, 1)).toEqual(['{"text":"hello"}'])
  expect(bob.events.filter(isNews)).toHaveLength(1)
})

test('a user has at most six streams', async () => {
  await Promise.all(Array.from({ length: 6 }, () => connect(app, '/notifications', cookie('bob-1'))))
  const seventh = await connect(app, '/notifications', cookie('bob-1'))
  expect(await seventh.end()).toBe('complete')
  expect(seventh.retries).toHaveLength(1)
})

test('logging out ends the streams of that session only, and its next request gets 401', async () => {
  const plain = createServer((req, res) => void respond(req, res, manager.getOrCreate('status')))
  const status = await connect(plain, '/')
  const [leaving, staying] = await Promise.all(
    ['ann-1', 'ann-2'].map((name) => connect(app, '/notifications', cookie(name))),
  )
  expect(logOut('ann-1')).toBe(1)
  expect(await leaving?.end()).toBe('complete')
  expect((await fetch(`${await serve(app)}/notifications`, { headers: cookie('ann-1') })).status).toBe(401)
  await notify('ann', 'still here')
  expect(await nextData(staying as typeof status, 1)).toEqual(['{"text":"still here"}'])
  await manager.getOrCreate('status').broadcast('fine')
  expect(await nextData(status, 1)).toEqual(['fine'])
})
