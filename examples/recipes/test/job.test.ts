import { expect, test } from '@jest/globals'
import { hurry } from '../../from-python/test/hurry.js'
import { connect, isNews, serve, until } from '../../from-python/test/serving.js'

hurry()
const { app, failures, jobs } = await import('../src/job.js')

async function post(id: string): Promise<number> {
  return (await fetch(`${await serve(app)}/jobs/${id}`, { method: 'POST' })).status
}

test('a job is started once, replays all its steps to every client, and answers 204 after its end', async () => {
  expect(await Promise.all([post('7'), post('7')]).then((statuses) => statuses.sort())).toEqual([202, 409])
  const early = await connect(app, '/jobs/7')
  await early.end()
  const late = await connect(app, '/jobs/7')
  await late.end()
  for (const reader of [early, late]) {
    expect(reader.events.filter(isNews).map(({ event, data }) => [event, data])).toEqual([
      ['progress', '{"percent":25}'],
      ['progress', '{"percent":50}'],
      ['progress', '{"percent":75}'],
      ['progress', '{"percent":100}'],
      ['done', ''],
    ])
  }
  expect((await connect(app, '/jobs/7', { 'Last-Event-ID': early.lastEventId })).status).toBe(204)
  expect(await post('7')).toBe(409)
  expect(failures).toEqual([])
})

test('a job that fails sends a failed event to its readers, and only the server gets the reason', async () => {
  expect(await post('broken')).toBe(202)
  const reader = await connect(app, '/jobs/broken')
  await reader.end()
  expect(reader.events.at(-1)).toMatchObject({ event: 'failed', data: 'the job broke off' })
  await until(() => failures.length === 1)
  expect(String(failures[0])).toContain('the disk is full')
})

test('a request for an unknown job gets 404 and creates no channel', async () => {
  expect((await fetch(`${await serve(app)}/jobs/8`)).status).toBe(404)
  expect(jobs.has('job:8')).toBe(false)
  expect(await post('8')).toBe(202)
  await (await connect(app, '/jobs/8')).end()
})
