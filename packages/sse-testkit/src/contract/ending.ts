import { strict as assert } from 'node:assert'
import { memoryBackplane, merge, SseChannel, type SseSource } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, takeData, takeNews } from './take-events.js'

/** Channels that end, and clients that reconnect to them. */
export function endingScenarios({ scenario }: Script): void {
  scenario('channel.end() sends pending events and its last event, and then ends the stream', async (stage) => {
    const channel = new SseChannel('job')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open()
    await subscribed(channel)
    void channel.broadcast('one')
    await channel.end({ event: 'done', data: 'last' })
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(dataOf(reader), ['one', 'last'])
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    assert.equal(channel.subscriberCount, 0)
  })

  scenario('a client that reconnects to an ended channel and has all its events gets 204', async (stage) => {
    const channel = new SseChannel('job')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open()
    await subscribed(channel)
    await channel.broadcast('last')
    await channel.end()
    await reader.end()
    const again = await served.resume(reader.lastEventId)
    assert.equal(again.status, 204)
    assert.equal(await again.end(), 'complete')
  })

  scenario('a client without a last event id gets 204 from an ended channel without events', async (stage) => {
    const channel = new SseChannel('job')
    await channel.end()
    const served = await stage.serve(({ sse }) => sse(channel))
    assert.equal((await served.open()).status, 204)
  })

  scenario('a client that connects to an ended channel gets its retained events, and then the end', async (stage) => {
    const channel = new SseChannel('job')
    const one = await channel.broadcast('one')
    await channel.broadcast('two')
    await channel.end()
    const served = await stage.serve(({ sse }) => sse(channel))
    const behind = await served.resume(one)
    assert.equal(await behind.end(), 'complete')
    assert.deepEqual(dataOf(behind), ['two'])
    const fresh = await served.open()
    assert.equal(await fresh.end(), 'complete')
    assert.deepEqual(dataOf(fresh), ['one', 'two'])
    const unknown = await served.resume('unknown')
    assert.equal(await unknown.end(), 'complete')
    assert.deepEqual(
      (await takeNews(unknown, 3)).map(({ event }) => event),
      ['sse-gap', 'message', 'message'],
    )
    assert.equal((await served.resume(fresh.lastEventId)).status, 204)
    assert.equal((await served.resume(unknown.lastEventId)).status, 204)
  })

  scenario('a stream of merged channels ends when all of them have ended', async (stage) => {
    const [one, two] = [new SseChannel('one'), new SseChannel('two')]
    const served = await stage.serve(({ sse }) => sse(merge(one, two)))
    const reader = await served.open()
    await Promise.all([subscribed(one), subscribed(two)])
    await one.end()
    await two.broadcast('still')
    await takeNews(reader, 1)
    assert.equal(reader.isOver, false)
    await two.end()
    assert.equal(await reader.end(), 'complete')
    assert.equal((await served.resume(reader.lastEventId)).status, 204)
  })

  scenario('manager.delete() ends the streams of a channel after its pending events', async (stage) => {
    const manager = stage.manager()
    const channel = manager.getOrCreate('news')
    const served = await stage.serve(({ sse }) => sse(channel), { manager })
    const reader = await served.open()
    await subscribed(channel)
    void channel.broadcast('last')
    assert.equal(manager.delete('news'), true)
    assert.equal(await reader.end(), 'complete')
    assert.deepEqual(dataOf(reader), ['last'])
    await assert.rejects(channel.broadcast('late'), { code: 'ERR_SSE_CLOSED' })
    assert.notEqual(manager.getOrCreate('news'), channel)
  })

  const readers: readonly (readonly [what: string, source: (channel: SseChannel) => SseSource])[] = [
    ['a channel', (channel) => channel],
    ['a filtered channel', (channel) => channel.listen({ filter: () => true })],
    ['merged channels', (channel) => merge(channel, new SseChannel('other'))],
    ['a function that returns the channel', (channel) => () => channel],
    ['a function that subscribes to the channel', (channel) => (connection) => connection.subscribe(channel)],
  ]
  for (const [what, source] of readers) {
    scenario(`manager.delete() also ends the stream of ${what} that waits for a slow broker`, async (stage) => {
      const memory = memoryBackplane()
      let answer = (): void => {}
      const answered = new Promise<void>((resolve) => {
        answer = resolve
      })
      const subscribe: typeof memory.subscribe = async (...args) => {
        await answered
        return memory.subscribe(...args)
      }
      const manager = stage.manager({ backplane: { ...memory, subscribe } })
      const served = await stage.serve(({ sse }) => sse(source(manager.getOrCreate('news'))), { manager })
      const opening = served.open()
      const request = await served.request()
      manager.delete('news')
      answer()
      const reader = await opening
      assert.equal(reader.status, 200)
      assert.equal(await reader.end(), 'complete')
      assert.equal(reader.retries.length, 1)
      assert.deepEqual(reader.events, [])
      assert.deepEqual(await request.outcome(), { reason: 'end' })
      assert.deepEqual([...served.reported, ...stage.errors], [])
      // Its client reconnects, to the next channel of this name.
      const again = await served.open()
      const channel = manager.getOrCreate('news')
      await subscribed(channel)
      await channel.broadcast('next')
      assert.deepEqual(await takeData(again, 1), ['next'])
    })
  }
}
