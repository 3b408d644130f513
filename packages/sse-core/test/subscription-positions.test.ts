import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import { turn } from './collecting.js'
import { hangUp, serve, urlOf } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

type Held = Promise<unknown>

/** A promise that the test settles when it wants to. */
interface Answer {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function answer(): Answer {
  let settle: Omit<Answer, 'promise'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {})
  return { promise, ...(settle as Omit<Answer, 'promise'>) }
}

/** A node that shares its log with another one, and whose requests about channel `a` can be delayed. */
function nodes(): { node: SseManager; other: SseManager; errors: unknown[]; hold: { subscribe?: Held; read?: Held } } {
  const memory = memoryBackplane()
  const hold: { subscribe?: Held; read?: Held } = {}
  const backplane: Backplane = {
    publish: (channel, input) => memory.publish(channel, input),
    subscribe: async (channel, start, sink) => {
      if (channel === 'a') await hold.subscribe
      return memory.subscribe(channel, start, sink)
    },
    read: async (channel, afterId, limit) => {
      if (channel === 'a') await hold.read
      return memory.read(channel, afterId, limit)
    },
    close: async () => {},
  }
  const errors: unknown[] = []
  const onError = (error: unknown): number => errors.push(error)
  const node = new SseManager({ backplane, history: { maxEvents: 1 }, onError })
  return { node, other: new SseManager({ backplane: memory }), errors, hold }
}

async function serveResuming(
  source: (connection: SseConnection) => unknown,
  manager: SseManager,
): Promise<(lastEventId: string) => Promise<EventReader>> {
  const server = await serve((req, res) => void respond(req, res, source, { manager }))
  return (lastEventId) => readEvents(urlOf(server), { headers: { 'Last-Event-ID': lastEventId } })
}

/** The data or types of the events, without checkpoints. */
function contentsOf({ events }: EventReader): string[] {
  return events.filter(({ event }) => event !== 'sse-checkpoint').map(({ event, data }) => data || event)
}

test.each([
  ['is not ready yet', (held: Answer) => held.resolve()],
  ['cannot be read', (held: Answer) => held.reject(new Error('down'))],
])(
  "while the first channel of a stream %s, ids of the second keep the client's position in the first",
  async (_why, settle) => {
    const { node, other, hold } = nodes()
    const held = answer()
    hold.subscribe = held.promise
    const resume = await serveResuming(async (connection) => {
      const first = connection.subscribe(node.getOrCreate('a')).catch(() => {})
      await Promise.all([first, connection.subscribe(node.getOrCreate('b'))])
    }, node)
    const [a, b] = [other.getOrCreate('a'), other.getOrCreate('b')]
    const start = `${await a.broadcast('a 1')}~${await b.broadcast('b 1')}`
    await a.broadcast('missed')
    const reader = await resume(start)
    const id = await b.broadcast('b 2')
    await reader.until(() => contentsOf(reader).includes('b 2'), 'the second channel')
    expect(reader.lastEventId).toBe(`${start.split('~')[0]}~${id}`)
    settle(held)
    delete hold.subscribe
    reader.abort()
    await until(() => node.stats().connections === 0, 'the disconnect')
    const again = await resume(reader.lastEventId)
    await again.until(() => contentsOf(again).length > 0, 'the missed event')
    expect(contentsOf(again)).toEqual(['missed'])
  },
)

test('a channel subscribed with an aborted signal still has its part in the id of the stream', async () => {
  const { node, other } = nodes()
  const resume = await serveResuming(async (connection) => {
    await connection.subscribe(node.getOrCreate('a'), { signal: AbortSignal.abort() })
    await connection.subscribe(node.getOrCreate('b'))
  }, node)
  const [a, b] = [other.getOrCreate('a'), other.getOrCreate('b')]
  const reader = await resume(`${await a.broadcast('a 1')}~${await b.broadcast('b 1')}`)
  await reader.until(() => reader.events.length > 0, 'a checkpoint')
  await b.broadcast('b 2')
  await reader.until(() => contentsOf(reader).length > 0, 'the second channel')
  expect(contentsOf(reader)).toEqual(['b 2'])
})

test('a replay that fails after its channel was unsubscribed does not fail the stream', async () => {
  const { node, other, errors, hold } = nodes()
  const held = answer()
  hold.read = held.promise
  const leaving = new AbortController()
  const resume = await serveResuming(async (connection) => {
    const first = connection.subscribe(node.getOrCreate('a'), { signal: leaving.signal })
    await Promise.all([first, connection.subscribe(node.getOrCreate('b'))])
  }, node)
  const [a, b] = [other.getOrCreate('a'), other.getOrCreate('b')]
  const start = `${await a.broadcast('a 1')}~${await b.broadcast('b 1')}`
  for (const data of ['a 2', 'a 3', 'a 4']) await a.broadcast(data)
  const reader = await resume(start)
  await reader.until(() => reader.events.length > 0, 'a checkpoint')
  leaving.abort()
  held.reject(new Error('down'))
  await turn()
  await b.broadcast('b 2')
  await reader.until(() => contentsOf(reader).length > 0, 'the second channel')
  expect(contentsOf(reader)).toEqual(['b 2'])
  expect(errors).toEqual([])
})

test('an unsubscribed and deleted channel is garbage-collected while the stream stays open', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const manager = new SseManager()
  let connection: SseConnection | undefined
  const resume = await serveResuming(async (open) => {
    connection = open
    await open.subscribe(manager.getOrCreate('lobby'))
  }, manager)
  const reader = await resume('')
  await reader.until(() => reader.events.length > 0, 'a checkpoint')
  const room = await (async () => {
    const channel = manager.getOrCreate('room')
    const leaving = new AbortController()
    const over = connection?.subscribe(channel, { signal: leaving.signal })
    const event = { data: { text: 'hello' } }
    await channel.broadcast(event)
    await reader.until(() => contentsOf(reader).length > 0, 'the room')
    leaving.abort()
    await over
    manager.delete('room')
    return new WeakRef(channel)
  })()
  await until(() => {
    collectGarbage()
    return room.deref() === undefined
  }, 'the room to be collected')
  expect(connection?.closeReason).toBeUndefined()
})
