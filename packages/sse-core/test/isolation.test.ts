import { AsyncLocalStorage } from 'node:async_hooks'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import * as core from '@ssekit/sse-core'
import { BellBroker } from './bell-broker.js'
import { collect, turn } from './collecting.js'
import { CoreWorker, runInWorker } from './core-worker.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

describe('two managers', () => {
  test('are independent of each other', async () => {
    const [one, other] = [new core.SseManager(), new core.SseManager({ heartbeatMs: 1, maxChannels: 1 })]
    const received = collect(other.getOrCreate('news'))
    await one.getOrCreate('news').broadcast('1')
    one.getOrCreate('more')
    await turn()
    expect(received.data).toEqual([])
    expect(other.listChannels()).toEqual(['news'])
    expect(core.sseManager.listChannels()).toEqual([])
    await one.close()
    await other.getOrCreate('news').broadcast('2')
    await turn()
    expect(received.data).toEqual(['2'])
    expect(core.sseManager.getOrCreate('default').isClosed).toBe(false)
    core.sseManager.clear()
    await other.close()
  })

  test('share channels through a backplane, and nothing else', async () => {
    const backplane = core.memoryBackplane()
    const [one, other] = [new core.SseManager({ backplane }), new core.SseManager({ backplane })]
    const received = collect(other.getOrCreate('news'))
    await turn()
    await one.getOrCreate('news').broadcast('1')
    await turn()
    expect(received.data).toEqual(['1'])
    expect(one.getOrCreate('news')).not.toBe(other.getOrCreate('news'))
    // A manager does not close the backplane that it was given.
    await one.close()
    await other.getOrCreate('news').broadcast('2')
    await turn()
    expect(received.data).toEqual(['1', '2'])
    await other.close()
    await expect(backplane.publish('news', { event: { data: 'x' } })).resolves.toEqual(expect.any(String))
    await backplane.close()
  })
})

describe('the async context of a request is not inherited by', () => {
  const storage = new AsyncLocalStorage<string>()
  const ignoringSink: core.BackplaneSink = { entry: () => {}, gap: () => {} }

  afterEach(async () => {
    jest.restoreAllMocks()
    await hangUp()
  })

  /** Records the async context of each `setInterval()` call. */
  function contextsOfIntervals(): unknown[] {
    const seen: unknown[] = []
    const begin = globalThis.setInterval
    jest.spyOn(globalThis, 'setInterval').mockImplementation(((...args: Parameters<typeof setInterval>) => {
      seen.push(storage.getStore())
      return begin(...args)
    }) as typeof setInterval)
    return seen
  }

  const sharing: Record<string, () => Promise<{ close(): unknown }>> = {
    'the sweep timer of a manager': async () => {
      const manager = new core.SseManager()
      manager.getOrCreate('news')
      return manager
    },
    'the sweep timer of memoryBackplane()': async () => {
      const backplane = core.memoryBackplane()
      await backplane.publish('news', { event: { data: 1 } })
      return backplane
    },
    'the comparison timer of LogFollowers': async () => {
      const { followers } = new BellBroker().node(1_000)
      await followers.subscribe('news', { last: 0 }, ignoringSink)
      return followers
    },
  }
  test.each(Object.entries(sharing))('%s', async (_what, share) => {
    const contexts = contextsOfIntervals()
    const shared = await storage.run('a request', share)
    expect(contexts).toEqual([undefined])
    await shared.close()
  })

  test('the heartbeat timer', async () => {
    const channel = new core.SseChannel('news')
    const contexts = contextsOfIntervals()
    const server = await serve((req, res) => storage.run('a request', () => void core.respond(req, res, channel)))
    await (await exchange(server, get())).until(/sse-checkpoint/)
    expect(contexts).toEqual([undefined])
  })

  // Its promises would keep the context as long as the subscription lasts.
  test('the subscription of a channel to its backplane', async () => {
    const memory = core.memoryBackplane()
    const contexts: unknown[] = []
    const backplane: core.Backplane = {
      ...memory,
      subscribe: (...args) => {
        contexts.push(storage.getStore())
        return memory.subscribe(...args)
      },
    }
    const manager = new core.SseManager({ backplane })
    storage.run('a request', () => manager.getOrCreate('news').listen())
    expect(contexts).toEqual([undefined])
    await manager.close()
    await memory.close()
  })
})

test('several worker threads of one process are independent of each other', async () => {
  const workers = await Promise.all(
    [1, 2, 3].map(() =>
      CoreWorker.start(async ({ sseManager }, { post, receive }) => {
        const channel = sseManager.getOrCreate('news')
        const received: unknown[] = []
        const loop = (async () => {
          for await (const { data, id } of channel) received.push({ data, id })
        })()
        post('ready')
        const name = await receive()
        await channel.broadcast({ data: name })
        await channel.end()
        await loop
        return received
      }),
    ),
  )
  await Promise.all(workers.map((worker) => worker.receive()))
  const here = collect(core.sseManager.getOrCreate('news'))
  workers.forEach((worker, index) => {
    worker.post(`thread ${index}`)
  })
  const received = await Promise.all(workers.map(({ result }) => result))
  expect(received).toMatchObject([[{ data: 'thread 0' }], [{ data: 'thread 1' }], [{ data: 'thread 2' }]])
  expect(new Set(received.flatMap((events) => JSON.stringify(events))).size).toBe(3)
  expect(here.events).toEqual([])
  core.sseManager.clear()
})

describe('the core in a worker thread', () => {
  test('adds no global, listener or timer when it is imported', async () => {
    expect(
      await runInWorker(async (_core, { listenersBefore, madeByLoading }) => ({
        globals: [...Object.keys(globalThis), ...Object.getOwnPropertySymbols(globalThis).map(String)].filter((name) =>
          /sse/i.test(name),
        ),
        listeners: process
          .eventNames()
          .filter((name) => process.listenerCount(name) !== listenersBefore[String(name)])
          .map(String),
        // An async context keeps neither the process alive nor memory in use.
        madeByLoading: madeByLoading.filter((type) => type !== 'SseShared'),
      })),
    ).toEqual({ globals: [], listeners: [], madeByLoading: [] })
  })

  describe('does not keep the process alive', () => {
    test('with channels, history and a listen() heartbeat', async () => {
      const worker = await CoreWorker.start(async ({ SseManager, memoryBackplane }) => {
        const manager = new SseManager({ backplane: memoryBackplane(), idleChannelMs: 10_000 })
        const channel = manager.getOrCreate('news')
        void channel.listen({ heartbeatMs: 60_000 })[Symbol.asyncIterator]().next()
        await channel.broadcast('1')
        await new SseManager().getOrCreate('news').broadcast('1')
      })
      await worker.exit()
    })

    test('with LogFollowers that compare positions', async () => {
      const worker = await CoreWorker.start(async ({ LogFollowers }) => {
        const followers = new LogFollowers(
          {
            newest: async () => ({ originId: 'p1', entries: [], place: 'p1' }),
            after: async () => [],
            read: async () => [],
            tails: async (channels) => channels.map(() => 'p1'),
            isLater: () => false,
            listen: async () => {},
            unlisten: () => {},
          },
          { compareMs: 60_000 },
        )
        await followers.subscribe('news', { last: 0 }, { entry: () => {}, gap: () => {} })
      })
      await worker.exit()
    })

    // Unsent bytes keep the thread alive themselves, so this test looks for active timers instead.
    test.each([
      'an open stream, its heartbeat and its maximum age',
      'a client that does not read',
      'a shutdown that waits until a client has received its last events',
      'a shutdown that waits until a client has read up to the newest event',
    ])('with %s', async (what) => {
      const worker = await CoreWorker.start(async ({ respond, SseManager }, { receive }) => {
        const situation = String(await receive())
        const [http, net] = [process.getBuiltinModule('node:http'), process.getBuiltinModule('node:net')]
        const manager = new SseManager({ maxConnectionAgeMs: 600_000 })
        const channel = manager.getOrCreate('news')
        const server = http.createServer((req, res) => void respond(req, res, channel, { manager }))
        const connected = new Promise<Socket>((resolve) => server.on('connection', resolve))
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
        const subscribed = new Promise((resolve) => channel.on('subscribe', resolve))
        client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        const socket = await connected
        await subscribed
        for (let events = 0; !situation.startsWith('an open') && !socket.writableNeedDrain; events++) {
          if (events === 1_000) throw new Error('a client that does not read takes everything')
          await channel.broadcast('x'.repeat(256 * 1024))
          await new Promise((resolve) => setImmediate(resolve))
        }
        if (situation.endsWith('newest event')) await channel.broadcast('more')
        const closing = situation.startsWith('a shutdown') ? manager.close({ graceMs: 60_000 }) : undefined
        await new Promise((resolve) => setImmediate(resolve))
        const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
        const isOpen = !socket.destroyed
        client.destroy()
        await closing
        await new Promise((resolve) => server.close(resolve))
        return { isOpen, timers }
      })
      worker.post(what)
      expect(await worker.result).toEqual({ isOpen: true, timers: [] })
      await worker.exit()
    })
  })

  test('emits a process warning if there is no onError, and no unhandled rejection', async () => {
    const result = await runInWorker(async ({ SseChannel }) => {
      const reports: string[] = []
      process.on('unhandledRejection', (reason) => reports.push(`unhandled ${reason}`))
      const warned = new Promise((resolve) => {
        process.once('warning', (warning) => {
          reports.push(`warning ${warning.message}`)
          resolve(undefined)
        })
      })
      const channel = new SseChannel('news')
      void channel.broadcast({ event: 'a\nb' })
      await warned
      await channel.close()
      void channel.broadcast('late').catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 10))
      return reports
    })
    expect(result).toEqual([expect.stringMatching(/^warning event must not contain/)])
  })
})
