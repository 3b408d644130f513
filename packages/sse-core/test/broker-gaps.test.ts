import { describe, expect, test } from '@jest/globals'
import { type LogEntry, SseChannel } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { SlowBroker, settle } from './slow-broker.js'

describe('a gap in the backplane', () => {
  test('is one sse-gap for live readers even if reported twice, and its id can be resumed from', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel)
    const id = await channel.broadcast('1')
    await settle()
    broker.loseTrack()
    broker.loseTrack()
    await settle()
    const next = await channel.broadcast('2')
    await settle()
    const gaps = received.events.filter(({ event }) => event === 'sse-gap')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]?.data).toMatchObject({ lastEventId: id })
    expect(received.data.filter((data) => typeof data === 'string')).toEqual(['1', '2'])
    // A reader can resume from the id of the gap.
    const back = collect(channel.listen({ lastEventId: gaps[0]?.id }))
    await settle()
    expect(back.ids).toEqual([next])
  })

  test('appears at its position in the replay for a reader that resumes from an earlier id', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    collect(channel)
    const id = await channel.broadcast('1')
    await channel.broadcast('2')
    await settle()
    broker.loseTrack()
    const after = await channel.broadcast('3')
    await settle()
    const back = collect(channel.listen({ lastEventId: id }))
    await settle()
    expect(back.events).toMatchObject([
      { data: '2' },
      { event: 'sse-gap', data: { oldestId: after } },
      { data: '3', id: after },
    ])
  })

  test('is one sse-gap for readers on every node, and for a later resume, when all data is lost', async () => {
    const broker = new SlowBroker()
    const [one, other] = [broker.node(), broker.node()].map((backplane) => new SseChannel('news', { backplane }))
    const received = [one, other].map((channel) => collect(channel as SseChannel))
    await settle()
    const id = await one?.broadcast('1')
    await settle()
    broker.wipe()
    await settle()
    await one?.broadcast('2')
    await settle()
    for (const { events } of received) {
      expect(events.map(({ event, data }) => event ?? data)).toEqual(['1', 'sse-gap', '2'])
    }
    const late = collect(new SseChannel('news', { backplane: broker.node() }).listen({ lastEventId: id }))
    await settle()
    expect(late.events.map(({ event, data }) => event ?? data)).toEqual(['sse-gap', '2'])
  })
})

test.each([
  ['event', { id: 'foreign', event: { event: 'a\nb', data: 'x' } }],
  ['id', { id: 'a\nevent: evil', event: { data: 'x' } }],
  ['field name', { id: 'foreign', event: { type: 'x' } }],
])(
  'a backplane entry with an invalid %s becomes an sse-gap, is reported to onError, and later events arrive',
  async (_what, entry) => {
    const errors: unknown[] = []
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
    const received = collect(channel)
    await channel.broadcast('1')
    broker.inject('news', { ...entry, at: Date.now() } as LogEntry)
    await channel.broadcast('2')
    await settle()
    expect(received.events.map(({ event, data }) => event ?? data)).toEqual(['1', 'sse-gap', '2'])
    expect(received.ids.every((id) => id !== undefined && /^[!-~]+$/.test(id))).toBe(true)
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  },
)
