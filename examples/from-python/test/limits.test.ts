import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { respond, SseManager } from '@ssekit/sse-core'
import { app as measured, manager as measuring, totals } from '../src/limits/figures.js'
import { app as limited, manager as limiting } from '../src/limits/manager.js'
import { app as rooms } from '../src/limits/rooms.js'
import { logOut, manager as memberManager, app as members } from '../src/limits/sessions.js'
import { connect, isNews, nextData, until } from './serving.js'

test('a manager refuses a connection over maxConnections and an event over maxEventBytes', async () => {
  const readers = await Promise.all(Array.from({ length: 6 }, () => connect(limited, '/news')))
  await until(() => limiting.getOrCreate('news').subscriberCount === 6)
  const refused = await connect(limited, '/news')
  expect(await refused.end()).toBe('complete')
  expect(refused.events).toEqual([])
  expect(refused.retries).toHaveLength(1)
  await expect(limiting.getOrCreate('news').broadcast('x'.repeat(64 * 1024))).rejects.toMatchObject({
    code: 'ERR_SSE_LIMIT',
  })
  await limiting.getOrCreate('news').broadcast('fits')
  for (const reader of readers) expect(await nextData(reader, 1)).toEqual(['fits'])
})

test('a room over maxChannels is refused with a stream that has a retry time', async () => {
  await connect(rooms, '/rooms/1')
  await connect(rooms, '/rooms/2')
  const third = await connect(rooms, '/rooms/3')
  expect(third.status).toBe(200)
  expect(await third.end()).toBe('complete')
  expect(third.retries).toEqual([2_000, 30_000])
  expect((await connect(rooms, '/rooms/1')).headers.get('content-type')).toContain('text/event-stream')
})

test('a room that does not exist is answered with 404', async () => {
  expect((await connect(rooms, '/rooms/made-up')).status).toBe(404)
})

test('logging out ends the streams of that session, and its reconnect gets 204', async () => {
  const open = createServer((req, res) => void respond(req, res, memberManager.getOrCreate('open')))
  const other = await connect(open, '/')
  const reader = await connect(members, '/?session=s1')
  await memberManager.getOrCreate('news').broadcast('for members')
  await reader.take(1, isNews)
  expect(logOut('s1')).toBe(1)
  expect(await reader.end()).toBe('complete')
  expect((await connect(members, '/?session=s1', { 'last-event-id': reader.lastEventId })).status).toBe(204)
  // A stream of another route, without a context, continues, and a second logout changes nothing.
  expect(logOut('s1')).toBe(0)
  await memberManager.getOrCreate('open').broadcast('for all')
  expect(await nextData(other, 1)).toEqual(['for all'])
})

test('the totals add up streams, events and bytes by close reason', async () => {
  const [leaves, kicked] = [await connect(measured, '/news'), await connect(measured, '/news')]
  const news = measuring.getOrCreate('news')
  await until(() => news.subscriberCount === 2)
  await news.broadcast('counted')
  for (const reader of [leaves, kicked]) await reader.take(1, isNews)
  leaves.abort()
  await until(() => totals.has('client'))
  measuring.disconnect(() => true)
  await kicked.end()
  await until(() => totals.has('kicked'))
  for (const [reason, reader] of [
    ['client', leaves],
    ['kicked', kicked],
  ] as const) {
    expect(totals.get(reason)).toEqual({
      streams: 1,
      events: reader.events.length,
      bytes: Buffer.byteLength(reader.text),
      seconds: expect.any(Number),
    })
  }
})

describe('docs/limits.md', () => {
  const rows = [
    ...readFileSync('docs/limits.md', 'utf8').matchAll(/^\| \[`([\w.]+)`\].*? \| (.*?) \| (.*?) \| (.*?) \|/gm),
  ].map(([, option = '', setOn = '', byDefault = '', range = '']) => ({ option, setOn, byDefault, range }))

  test('states the real defaults', () => {
    const settings: Readonly<Record<string, number>> = { ...new SseManager().getOrCreate('any').settings }
    const said = rows.filter(({ option }) => option in settings)
    expect(said).toHaveLength(4)
    for (const { option, byDefault } of said) {
      const number =
        byDefault === 'none' ? Number.POSITIVE_INFINITY : Number(byDefault.split(' ')[0]?.replaceAll('_', ''))
      expect([option, number]).toEqual([option, settings[option]])
    }
  })

  test.each(rows)('states the range of $option: $range', ({ option, range }) => {
    const make = (value: unknown): SseManager => Reflect.construct(SseManager, [optionsOf(option, value)])
    if (range.includes("'")) {
      for (const [, value] of range.matchAll(/`'(\w+)'`/g)) expect(make(value)).toBeInstanceOf(SseManager)
      expect(() => make('else')).toThrow(RangeError)
      return
    }
    const [, most] = /^0 … (\S+) /.exec(range) ?? []
    const max = { '∞': Number.POSITIVE_INFINITY, '2³¹−1': 2 ** 31 - 1 }[most ?? ''] ?? Number.NaN
    for (const value of [0, 1, max]) expect(make(value)).toBeInstanceOf(SseManager)
    for (const value of [-1, Number.NaN, '1']) expect(() => make(value)).toThrow(RangeError)
    if (max < Number.POSITIVE_INFINITY) expect(() => make(max + 1)).toThrow(RangeError)
  })

  test('has a row for every option that is a limit', () => {
    expect(rows.map(({ option }) => option)).toEqual([
      'maxConnections',
      'maxConnectionsPerKey',
      'overload',
      'maxChannels',
      'idleChannelMs',
      'maxEventBytes',
      'maxBufferedBytes',
      'writeTimeoutMs',
      'maxConnectionAgeMs',
      'history.maxEvents',
      'history.maxBytes',
      'history.maxAgeMs',
      'maxHistoryBytes',
    ])
  })
})

/** An options object with this value. `history.maxEvents` is an option within an option. */
function optionsOf(option: string, value: unknown): object {
  const [name = '', inner] = option.split('.')
  return { [name]: inner === undefined ? value : { [inner]: value } }
}
