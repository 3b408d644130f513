import { afterEach, describe, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, respond, type SseEvent, SseManager } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { SlowBroker } from './slow-broker.js'
import { until } from './until.js'

afterEach(hangUp)

/** The same backplane, but it serializes events when they are published, as for any broker. */
function serializing(node: Backplane): Backplane {
  return {
    publish: (channel, input) => node.publish(channel, JSON.parse(JSON.stringify(input))),
    subscribe: (...args) => node.subscribe(...args),
    read: (...args) => node.read(...args),
    close: () => node.close(),
  }
}

const backplanes = [
  ['without a backplane', () => undefined],
  ['with a backplane', () => memoryBackplane()],
  ['with a remote broker', () => serializing(new SlowBroker().node())],
] as const

describe.each(backplanes)('a broadcast event, %s, does not change', (_what, make) => {
  test('if its data object changes later', async () => {
    const channel = new SseManager({ backplane: make() }).getOrCreate('news')
    const state = { n: 1, deep: { list: [1] } }
    // The first broadcast waits until the log is ready.
    const live = collect(channel)
    const first = channel.broadcast({ event: 'state', data: state })
    state.n = 2
    state.deep.list.push(2)
    await first
    const received = collect(channel.listen({ rewind: 2 }))
    await channel.broadcast({ event: 'state', data: state })
    state.n = 3
    await until(() => received.events.length >= 2 && live.events.length >= 2, 'both events')
    const both = [
      { n: 1, deep: { list: [1] } },
      { n: 2, deep: { list: [1, 2] } },
    ]
    expect(received.data).toEqual(both)
    expect(live.data).toEqual(both)
  })

  test('if a loop changes the event that it received', async () => {
    const channel = new SseManager({ backplane: make() }).getOrCreate('news')
    await channel.broadcast({ data: { list: [1] } })
    for await (const event of channel.listen({ rewind: 1 })) {
      const { data } = event as { data: { list: number[] } }
      expect(data).toEqual({ list: [1] })
      data.list.push(2)
      Object.assign(event, { event: 'changed' })
      break
    }
    for await (const event of channel.listen({ rewind: 1 })) {
      expect(event).toEqual({ id: channel.lastEventId, data: { list: [1] } })
      break
    }
  })
})

test('a filter sees a replayed event as it was broadcast, even if its data object has changed', async () => {
  const manager = new SseManager()
  const channel = manager.getOrCreate('news')
  const state = { n: 1 }
  await channel.broadcast({ data: state })
  state.n = 2
  await channel.broadcast({ data: state })
  const filter = ({ data }: SseEvent): boolean => (data as { n: number }).n === 1
  const server = await serve((req, res) => void respond(req, res, channel, { rewind: 2, filter }))
  const client = await exchange(server, get())
  await client.until(/data: \{"n":1\}\n\n/)
  expect(client.text()).not.toContain('"n":2')
})

test('a replayed event has all fields that were broadcast', async () => {
  const channel = new SseManager().getOrCreate('news')
  const events: SseEvent[] = [
    { data: 'data: 1\n\n: 2\nretry: 3' },
    { event: 'a: b', data: ' leading', retry: 5, comment: 'one\n\ntwo: three' },
    { comment: '' },
    { data: '' },
    { data: 'a\r\nb\rc\r', comment: '\r' },
    { data: { n: 1 }, comment: 'a\r\nb' },
    { data: null },
    { data: { 'data: ': 'x\ny' } },
    { data: '{"n":1}' },
    { retry: 0, id: 'mine' },
    { id: 'alone' },
  ]
  const ids: string[] = []
  for (const event of events) ids.push(await channel.broadcast(event))
  const received = collect(channel.listen({ rewind: 100 }))
  await until(() => received.events.length >= events.length, 'all events')
  expect(received.events).toEqual(events.map((event, index) => ({ ...event, id: ids[index] })))
})
