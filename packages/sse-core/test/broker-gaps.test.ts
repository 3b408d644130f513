import { describe, expect, test } from '@jest/globals'
import { type LogEntry, SseChannel } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { LateBroker, settle } from './late-broker.js'

describe('a backplane that has lost track', () => {
  test('has live readers told of one gap, and nothing twice', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    const id = await channel.broadcast('1')
    await settle()
    broker.loseTrack()
    broker.loseTrack()
    await settle()
    const next = await channel.broadcast('2')
    await settle()
    const gaps = heard.events.filter(({ event }) => event === 'sse-gap')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]?.data).toMatchObject({ lastEventId: id })
    expect(heard.data.filter((data) => typeof data === 'string')).toEqual(['1', '2'])
    // The id of the gap is a place to come back to.
    const back = collect(channel.listen({ lastEventId: gaps[0]?.id }))
    await settle()
    expect(back.ids).toEqual([next])
  })

  test('has who comes back from before it told of it where it was', async () => {
    const broker = new LateBroker()
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

  test('with its data gone has everybody told once', async () => {
    const broker = new LateBroker()
    const [one, other] = [broker.node(), broker.node()].map((backplane) => new SseChannel('news', { backplane }))
    const heard = [one, other].map((channel) => collect(channel as SseChannel))
    await settle()
    const id = await one?.broadcast('1')
    await settle()
    broker.wipe()
    await settle()
    await one?.broadcast('2')
    await settle()
    for (const { events } of heard) {
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
  ['unknown field', { id: 'foreign', event: { type: 'x' } }],
])(
  'an entry whose %s cannot be written is a gap in its place, told to onError, and the channel goes on',
  async (_what, entry) => {
    const errors: unknown[] = []
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
    const heard = collect(channel)
    await channel.broadcast('1')
    broker.inject('news', { ...entry, at: Date.now() } as LogEntry)
    await channel.broadcast('2')
    await settle()
    expect(heard.events.map(({ event, data }) => event ?? data)).toEqual(['1', 'sse-gap', '2'])
    expect(heard.ids.every((id) => id !== undefined && /^[!-~]+$/.test(id))).toBe(true)
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  },
)
