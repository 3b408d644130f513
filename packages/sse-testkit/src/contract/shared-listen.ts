import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers, takeData } from './take-events.js'

/** One `listen()` that is passed to several responses, such as a view that a module keeps. */
export function sharedListenScenarios({ scenario }: Script): void {
  scenario(
    'the first response of a shared listen() starts where it was called, later ones live; both get all events',
    async (stage) => {
      const channel = new SseChannel('news')
      await channel.broadcast('before')
      const listening = channel.listen()
      await channel.broadcast('between')
      const served = await stage.serve(({ sse }) => sse(listening))
      const first = await served.open()
      await subscribed(channel)
      const second = await served.open()
      await subscribed(channel, 2)
      for (const data of numbers(1, 5)) await channel.broadcast(data)
      await channel.end()
      await Promise.all([first.end(), second.end()])
      assert.deepEqual(dataOf(first), ['between', ...numbers(1, 5)])
      assert.deepEqual(dataOf(second), numbers(1, 5))
    },
  )

  for (const [which, own, options, expected] of [
    ['the rewind of listen()', { rewind: 1 }, {}, ['2', '3', '4']],
    ['the rewind of a response', {}, { rewind: 3 }, ['2', '3', '4']],
    ['a shorter rewind of a response', {}, { rewind: 1 }, ['3', '4']],
  ] as const) {
    scenario(`${which} skips no event that was broadcast after listen() was called`, async (stage) => {
      const channel = new SseChannel('news')
      for (const data of ['1', '2']) await channel.broadcast(data)
      const listening = channel.listen(own)
      for (const data of ['3', '4']) await channel.broadcast(data)
      await channel.end()
      const served = await stage.serve(({ sse }) => sse(listening, options))
      const reader = await served.open()
      await reader.end()
      assert.deepEqual(dataOf(reader), expected)
    })
  }

  scenario(
    'after the first client of a shared listen() disconnects, the next one gets events with the same filter',
    async (stage) => {
      const channel = new SseChannel('news')
      const listening = channel.listen({ filter: ({ data }) => data !== 'unwanted' })
      const served = await stage.serve(({ sse }) => sse(listening))
      const first = await served.open()
      await subscribed(channel)
      first.abort()
      await subscribed(channel, 0)
      const second = await served.open()
      await subscribed(channel)
      for (const data of ['unwanted', 'wanted']) await channel.broadcast(data)
      assert.deepEqual(await takeData(second, 1), ['wanted'])
    },
  )

  scenario('a client that resumes on a shared listen() gets the events it missed', async (stage) => {
    const channel = new SseChannel('news')
    const id = await channel.broadcast('had')
    await channel.broadcast('missed')
    const listening = channel.listen()
    const served = await stage.serve(({ sse }) => sse(listening))
    await served.open()
    await subscribed(channel)
    const resumed = await served.resume(id)
    await channel.broadcast('live')
    assert.deepEqual(await takeData(resumed, 2), ['missed', 'live'])
  })
}
