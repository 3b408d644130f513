import { expect, test } from '@jest/globals'
import { connect, isNews, nextData, serve } from '../../from-python/test/serving.js'
import { app as filtered, manager as managerOfTasks, tasks } from '../src/filter.js'
import { app, manager } from '../src/several.js'

const cookie = (session: string) => ({ cookie: `session=${session}` })

test('a filter on a shared channel sends each user only their own events, live and replayed', async () => {
  expect((await fetch(`${await serve(filtered)}/tasks`)).status).toBe(401)
  const ann = await connect(filtered, '/tasks', cookie('ann-1'))
  const [checkpoint] = await ann.take(1)
  await tasks.broadcast({ event: 'task', data: { title: 'secret', members: ['bob'] } })
  await tasks.broadcast({ event: 'task', data: { title: 'shared', members: ['ann', 'bob'] } })
  const back = await connect(filtered, '/tasks', { ...cookie('ann-2'), 'Last-Event-ID': checkpoint?.id ?? '' })
  for (const reader of [ann, back]) {
    const [task] = await reader.take(1, isNews)
    expect(JSON.parse(task?.data ?? '').title).toBe('shared')
    expect(reader.text).not.toContain('secret')
  }
})

test('a filtered stream that is requested after the shutdown has begun is told to reconnect', async () => {
  await managerOfTasks.close()
  const response = await fetch(`${await serve(filtered)}/tasks`, { headers: cookie('ann-1') })
  expect(response.status).toBe(200)
  expect(await response.text()).toMatch(/^retry: \d+\n\n$/)
})

test('several channels share one stream, and one id resumes all of them', async () => {
  expect((await fetch(`${await serve(app)}/events`)).status).toBe(401)
  const [announcements, own] = ['announcements', 'user:ann'].map((name) => manager.getOrCreate(name))
  const before = await connect(app, '/events', cookie('ann-1'))
  await own?.broadcast('for you')
  expect(await nextData(before, 1)).toEqual(['for you'])
  before.abort()
  await announcements?.broadcast('for all')
  await own?.broadcast('for you again')
  const after = await connect(app, '/events', { ...cookie('ann-1'), 'Last-Event-ID': before.lastEventId })
  expect((await nextData(after, 2)).sort()).toEqual(['for all', 'for you again'])
})
