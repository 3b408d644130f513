import { afterEach, describe, expect, test } from '@jest/globals'
import type { LogEntry } from '@ssekit/sse-core'
import type { OpenClient } from './clients.js'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

describe.each(everyClient)('%s: a user with access to some Pub/Sub channels only', (_name, connect) => {
  let stage: Stage
  let restricted: OpenClient
  afterEach(async () => {
    restricted.close()
    await stage.end()
  })

  /** A node of that user, behind a proxy, and one that may publish to all channels; neither compares. */
  const setUp = async () => {
    stage = await Stage.open(connect)
    const via = await stage.proxy()
    const rules = ['on', '>secret', '~*', 'resetchannels', '&ssekit:{news*', '+@all']
    await stage.redis.ask('ACL', 'SETUSER', 'app', ...rules)
    restricted = await connect(`redis://app:secret@127.0.0.1:${via.port}`)
    const { backplane } = stage.nodeOf(restricted.client, { compareMs: 0 })
    const received: unknown[] = []
    const sink = {
      entry: (entry: LogEntry) => received.push('event' in entry ? entry.event.data : 'end'),
      gap: () => received.push('gap'),
    }
    const subscribe = (channel: string): Promise<unknown> => backplane.subscribe(channel, { last: 0 }, sink)
    const publisher = await stage.node({ compareMs: 0 })
    const publish = (channel: string, data: string) => publisher.backplane.publish(channel, { event: { data } })
    return { via, received, subscribe, publish }
  }

  const refusal = { code: 'ERR_SSE_BACKPLANE', cause: { message: expect.stringMatching(/^NOPERM/) } }

  test('can subscribe to those, while simultaneous subscriptions to others reject', async () => {
    const { received, subscribe, publish } = await setUp()
    const names = ['news', 'secret', 'news/2', 'secret/2']
    const outcomes = await Promise.allSettled(names.map(subscribe))
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { reason: refusal },
      { status: 'fulfilled' },
      { reason: refusal },
    ])
    for (const name of names) await publish(name, name)
    await until(() => received.length === 2, 'events')
    expect(received).toEqual(['news', 'news/2'])
  })

  test('gets missed events at once after a reconnect, even if new subscriptions reject', async () => {
    const { via, received, subscribe, publish } = await setUp()
    await Promise.all(['news', 'news/2'].map(subscribe))
    via.refuse()
    await stage.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until(async () => (await stage.listeners('news')) === 0, 'no subscriber')
    const refused = Promise.allSettled(['secret', 'secret/2'].map(subscribe))
    await publish('news', 'missed')
    via.accept()
    expect(await refused).toMatchObject([{ reason: refusal }, { reason: refusal }])
    // Not after a pause.
    expect([await stage.listeners('news'), await stage.listeners('news/2')]).toEqual([1, 1])
    await publish('news/2', 'new')
    await until(() => received.length === 2, 'events')
    expect(received.sort()).toEqual(['missed', 'new'])
  })
})
