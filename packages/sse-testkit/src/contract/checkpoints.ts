import { strict as assert } from 'node:assert'
import { SseChannel } from '@ssekit/sse-core'
import { isCheckpoint } from '../received.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { numbers, takeData } from './take-events.js'

/** Events that advance a client's last event id without delivering anything else. */
export function checkpointScenarios({ scenario }: Script): void {
  scenario('a client cut off before its first event resumes from its first checkpoint', async (stage) => {
    const channel = new SseChannel('news')
    await channel.broadcast('before')
    const served = await stage.serve(({ sse }) => sse(channel))
    const first = await served.open()
    const [checkpoint] = await first.take(1)
    assert.deepEqual(checkpoint, { event: 'sse-checkpoint', data: '', id: channel.lastEventId })
    first.abort()
    await subscribed(channel, 0)
    await channel.broadcast('missed')
    const second = await served.resume(first.lastEventId)
    assert.deepEqual(await takeData(second, 1), ['missed'])
    assert.equal(second.text.includes('sse-'), false)
  })

  scenario('a client of a channel without events can resume from its first checkpoint', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const first = await served.open()
    await first.take(1)
    assert.notEqual(first.lastEventId, '')
    first.abort()
    await channel.broadcast('missed')
    const second = await served.resume(first.lastEventId)
    assert.deepEqual(await takeData(second, 1), ['missed'])
    assert.equal(second.text.includes('sse-gap'), false)
  })

  scenario('generated ids have at most 64 characters, none of which causes a CORS preflight', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel))
    const reader = await served.open()
    await subscribed(channel)
    await channel.broadcast('one')
    for (const { id } of await reader.take(2)) assert.match(id ?? '', /^[A-Za-z0-9._-]{1,64}$/)
  })

  scenario('a client whose filter rejects all events gets one checkpoint with its heartbeats', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) => sse(channel, { filter: () => false, heartbeatMs: 20 }))
    const reader = await served.open()
    await subscribed(channel)
    const unseen = await channel.broadcast('unseen')
    await reader.until(() => reader.lastEventId === unseen, 'a checkpoint')
    assert.equal(reader.events.every(isCheckpoint), true)
    const heartbeats = reader.comments.length
    await reader.until(() => reader.comments.length > heartbeats + 1, 'more heartbeats')
    // It is up to date, so it gets no further checkpoints.
    assert.equal(reader.events.length, 2)
  })

  scenario(
    'a client whose filter rejects all events gets checkpoints before the log evicts its position',
    async (stage) => {
      const channel = new SseChannel('news', { history: { maxEvents: 10 } })
      const served = await stage.serve(({ sse }) => sse(channel, { filter: () => false, heartbeatMs: 0 }))
      const reader = await served.open()
      await reader.take(1)
      for (const data of numbers(1, 30)) {
        await channel.broadcast(data)
        await new Promise(setImmediate)
      }
      await reader.until(() => reader.events.length > 3, 'checkpoints')
      const resumed = await served.resume(reader.lastEventId)
      await resumed.until(() => resumed.retries.length > 0, 'the preamble')
      await channel.broadcast('31')
      assert.equal(resumed.text.includes('sse-gap'), false)
    },
  )

  scenario('checkpoints: false turns checkpoints off', async (stage) => {
    const channel = new SseChannel('news', { history: { maxEvents: 4 } })
    const served = await stage.serve(({ sse }) =>
      sse(channel, { checkpoints: false, filter: ({ data }) => data === 'last', heartbeatMs: 20 }),
    )
    const reader = await served.open()
    await subscribed(channel)
    for (const data of numbers(1, 10)) await channel.broadcast(data)
    await reader.until(() => reader.comments.length > 1, 'heartbeats')
    await channel.broadcast('last')
    assert.equal((await reader.take(1))[0]?.data, 'last')
  })
}
