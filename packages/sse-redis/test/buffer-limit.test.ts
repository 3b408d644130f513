import { afterEach, expect, test } from '@jest/globals'
import { everyClient, Stage } from './stage.js'

let stage: Stage
afterEach(() => stage.end())

test.each(everyClient)(
  '%s: while the server does not answer, maxBufferedBytes limits pending events, and those are stored later',
  async (_name, connect) => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node({ maxBufferedBytes: 10_000 })
    // A single event may be larger.
    await backplane.publish('news', { event: { data: 'x'.repeat(20_000) } })
    await stage.redis.pause()
    const publish = (): Promise<string> => backplane.publish('news', { event: { data: 'x'.repeat(2_500) } })
    const accepted = [publish(), publish(), publish()]
    await expect(publish()).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    stage.redis.resume()
    await Promise.all(accepted)
    await publish()
    expect(await stage.stored('news')).toHaveLength(5)
  },
)

test.each(everyClient)(
  '%s: while the server does not answer, maxBufferedBytes limits pending events even if they are tiny',
  async (_name, connect) => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node({ maxBufferedBytes: 10_000 })
    await backplane.publish('news', { event: { data: 1 } })
    await stage.redis.pause()
    const all = Array.from({ length: 30 }, () => backplane.publish('news', { event: { data: 1 } }))
    const outcomes = Promise.allSettled(all)
    stage.redis.resume()
    const limit = expect.objectContaining({ reason: expect.objectContaining({ code: 'ERR_SSE_LIMIT' }) })
    expect((await outcomes).slice(19)).toEqual(Array.from({ length: 11 }, () => limit))
    expect(await stage.stored('news')).toHaveLength(1 + 19)
    // Once they are stored, others are accepted.
    await backplane.publish('news', { event: { data: 2 } })
  },
)
