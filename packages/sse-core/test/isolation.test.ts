import { describe, expect, test } from '@jest/globals'
import * as core from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { CoreWorker, runInWorker } from './sources-in-worker.js'

describe('two managers', () => {
  test('do not touch each other', async () => {
    const [one, other] = [new core.SseManager(), new core.SseManager({ heartbeatMs: 1, maxChannels: 1 })]
    const heard = collect(other.getOrCreate('news'))
    await one.getOrCreate('news').broadcast('1')
    one.getOrCreate('more')
    await turn()
    expect(heard.data).toEqual([])
    expect(other.listChannels()).toEqual(['news'])
    expect(core.sseManager.listChannels()).toEqual([])
    await one.close()
    await other.getOrCreate('news').broadcast('2')
    await turn()
    expect(heard.data).toEqual(['2'])
    expect(core.sseManager.getOrCreate('default').isClosed).toBe(false)
    core.sseManager.clear()
    await other.close()
  })

  test('share channels through a backplane, and nothing else', async () => {
    const backplane = core.memoryBackplane()
    const [one, other] = [new core.SseManager({ backplane }), new core.SseManager({ backplane })]
    const heard = collect(other.getOrCreate('news'))
    await turn()
    await one.getOrCreate('news').broadcast('1')
    await turn()
    expect(heard.data).toEqual(['1'])
    expect(one.getOrCreate('news')).not.toBe(other.getOrCreate('news'))
    // Whoever was given a backplane does not close it.
    await one.close()
    await other.getOrCreate('news').broadcast('2')
    await turn()
    expect(heard.data).toEqual(['1', '2'])
    await other.close()
    await expect(backplane.publish('news', { event: { data: 'x' } })).resolves.toEqual(expect.any(String))
    await backplane.close()
  })
})

test('several threads of one process do not touch each other', async () => {
  const workers = await Promise.all(
    [1, 2, 3].map(() =>
      CoreWorker.start(async ({ sseManager }, { post, receive }) => {
        const channel = sseManager.getOrCreate('news')
        const heard: unknown[] = []
        const loop = (async () => {
          for await (const { data, id } of channel) heard.push({ data, id })
        })()
        post('ready')
        const name = await receive()
        await channel.broadcast({ data: name })
        await channel.end()
        await loop
        return heard
      }),
    ),
  )
  await Promise.all(workers.map((worker) => worker.receive()))
  const here = collect(core.sseManager.getOrCreate('news'))
  workers.forEach((worker, index) => {
    worker.post(`thread ${index}`)
  })
  const heard = await Promise.all(workers.map(({ result }) => result))
  expect(heard).toMatchObject([[{ data: 'thread 0' }], [{ data: 'thread 1' }], [{ data: 'thread 2' }]])
  expect(new Set(heard.flatMap((events) => JSON.stringify(events))).size).toBe(3)
  expect(here.events).toEqual([])
  core.sseManager.clear()
})

describe('the core in a thread', () => {
  test('leaves no global, listener or timer behind by being imported', async () => {
    expect(
      await runInWorker(async (_core, { listenersBefore }) => ({
        globals: [...Object.keys(globalThis), ...Object.getOwnPropertySymbols(globalThis).map(String)].filter((name) =>
          /sse/i.test(name),
        ),
        listeners: process
          .eventNames()
          .filter((name) => process.listenerCount(name) !== listenersBefore[String(name)])
          .map(String),
        timers: process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout'),
      })),
    ).toEqual({ globals: [], listeners: [], timers: [] })
  })

  test('keeps no process alive: channels, history, listeners and heartbeats are nobody to wait for', async () => {
    // The worker ends by itself, else this test would.
    await runInWorker(async ({ SseManager, memoryBackplane }) => {
      const manager = new SseManager({ backplane: memoryBackplane(), idleChannelMs: 10_000 })
      const channel = manager.getOrCreate('news')
      void channel.listen({ heartbeatMs: 60_000 })[Symbol.asyncIterator]().next()
      await channel.broadcast('1')
      await new SseManager().getOrCreate('news').broadcast('1')
    }).catch((error: unknown) => expect(error).toBeUndefined())
  })

  test('warns where there is no onError, and raises no unhandled rejection', async () => {
    const result = await runInWorker(async ({ SseChannel }) => {
      const told: string[] = []
      process.on('unhandledRejection', (reason) => told.push(`unhandled ${reason}`))
      const warned = new Promise((resolve) => {
        process.once('warning', (warning) => {
          told.push(`warning ${warning.message}`)
          resolve(undefined)
        })
      })
      const channel = new SseChannel('news')
      void channel.broadcast({ event: 'a\nb' })
      await warned
      await channel.close()
      void channel.broadcast('late').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 10))
      return told
    })
    expect(result).toEqual([expect.stringMatching(/^warning event must not contain/)])
  })
})
