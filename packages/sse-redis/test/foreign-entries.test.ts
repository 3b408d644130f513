import { afterEach, describe, expect, test } from '@jest/globals'
import type { LogEntry } from '@ssekit/sse-core'
import { everyClient, Stage, type StageNode } from './stage.js'
import { until } from './until.js'

describe.each(everyClient)('%s:', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  const append = (json: string): Promise<unknown> =>
    stage.redis.ask('XADD', 'ssekit:{news}:log', '*', 'e', json, 'm', 'other')

  /** Subscribes, and returns the list of what is received. */
  const record = async ({ backplane }: StageNode): Promise<unknown[]> => {
    const received: unknown[] = []
    const entry = (entry: LogEntry): unknown => received.push('event' in entry ? entry.event.data : 'end')
    await backplane.subscribe('news', { last: 10 }, { entry, gap: () => received.push('gap') })
    return received
  }

  const publish = ({ backplane }: StageNode, event: object): Promise<string> => backplane.publish('news', { event })

  test.each([
    ['an object without toString()', '{"data":"foreign","id":{"toString":1}}'],
    ['a number', '{"data":"foreign","id":5}'],
    ['null', '{"data":"foreign","id":null}'],
  ])(
    'an entry of another program with %s as its id gets a generated id, and does not stop the channel',
    async (_what, json) => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      const first = await publish(node, { data: 1 })
      const streamId = await append(json)
      await publish(node, { data: 2 })
      expect(await record(node)).toEqual([1, 'foreign', 2])
      const read = await node.backplane.read('news', first, 10)
      expect(read?.[0]).toMatchObject({ id: `${streamId}-other`, event: { data: 'foreign' } })
    },
  )

  test.each(['{"end":false,"data":"foreign"}', '{"data":"foreign","end":true}'])(
    'the entry %s of another program does not end the channel',
    async (json) => {
      stage = await Stage.open(connect)
      const node = await stage.node()
      await publish(node, { data: 1 })
      await append(json)
      await publish(node, { data: 2 })
      const received = await record(node)
      await publish(node, { data: 3 })
      await until(() => received.includes(3), 'the event after it')
      expect(received).toEqual([1, 'foreign', 2, 3])
    },
  )

  test('an event with a field "end" does not end the channel, for subscribers that are notified of it or read it', async () => {
    stage = await Stage.open(connect)
    const node = await stage.node()
    const notified = await record(node)
    await publish(node, { data: 1, end: true })
    await publish(node, { data: 2 })
    await until(() => notified.includes(2), 'the event after it')
    expect([notified, await record(node)]).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
})
