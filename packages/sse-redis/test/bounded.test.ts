import { afterEach, expect, test } from '@jest/globals'
import { everyClient, Stage } from './stage.js'

let stage: Stage
afterEach(() => stage.end())

test.each(everyClient)(
  '%s: what waits for a server that says nothing is bounded, and all of that is stored',
  async (_name, connect) => {
    stage = await Stage.open(connect)
    const { backplane } = await stage.node({ maxBufferedBytes: 10_000 })
    // What is larger than that goes, if it is alone.
    await backplane.publish('news', { event: { data: 'x'.repeat(20_000) } })
    await stage.redis.pause()
    const publish = (): Promise<string> => backplane.publish('news', { event: { data: 'x'.repeat(3_000) } })
    const accepted = [publish(), publish(), publish()]
    await expect(publish()).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    stage.redis.resume()
    await Promise.all(accepted)
    await publish()
    expect(await stage.stored('news')).toHaveLength(5)
  },
)
