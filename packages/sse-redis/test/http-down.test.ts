import { afterEach, describe, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { type Client, npmEventSource, undiciEventSource } from '../../sse-testkit/test/clients/event-sources.js'
import { insist } from './publishing.js'
import { everyClient, type NodeOptions, Stage, type StageNode } from './stage.js'

describe.each(everyClient)('%s: while the server is down, clients', (_name, connect) => {
  let stage: Stage
  let client: Client | undefined
  afterEach(async () => {
    await client?.leave()
    await stage.end()
  })

  const setUp = async (manager: NodeOptions['manager']): Promise<{ node: StageNode; url: string }> => {
    stage = await Stage.open(connect)
    const node = await stage.node({ timeoutMs: 200, manager })
    return { node, url: await stage.serve(node, 'news') }
  }

  test('get an empty stream with different retry times by default', async () => {
    const { url } = await setUp({ retryMs: 1_000 })
    await stage.redis.kill()
    const readers = await Promise.all(Array.from({ length: 10 }, () => readEvents(url)))
    const retries: number[] = []
    for (const reader of readers) {
      expect(await reader.end()).toBe('complete')
      expect([reader.status, reader.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
      expect(reader.events).toEqual([])
      retries.push(...reader.retries.slice(-1))
    }
    expect(new Set(retries).size).toBeGreaterThan(5)
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...retries)).toBeLessThanOrEqual(4_000)
  })

  test("get 503 with Retry-After if overload is 'reject'", async () => {
    const { url } = await setUp({ overload: 'reject' })
    await stage.redis.kill()
    const reader = await readEvents(url)
    expect(reader.status).toBe(503)
    expect(Number(reader.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(reader.events).toEqual([])
  })

  test.each([
    ['npm eventsource', npmEventSource],
    ['undici EventSource', undiciEventSource],
  ])('like %s retry, and get events once the server is back', async (_make, make) => {
    const { node, url } = await setUp({ retryMs: 10 })
    client = make()
    await stage.redis.kill()
    const stream = await client.open(url)
    // It retries, and gets an empty stream again.
    await stream.until(({ happenings }) => happenings.filter((each) => each === 'error').length >= 2)
    expect(stream.isClosed).toBe(false)
    await stage.redis.restart()
    await stream.until(({ received }) => received.length > 0)
    await insist(node.backplane, 'news', 'hello')
    await stream.until(({ data }) => data.includes('hello'))
    expect(new Set(stream.data)).toEqual(new Set(['hello']))
    expect(stream.gaps).toEqual([])
  })
})
