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

/** An answer that a test gives when it is time. */
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

/** A process that shares its log with another one, and in which questions about channel `a` can be held up. */
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

async function comeBack(
  source: (connection: SseConnection) => unknown,
  manager: SseManager,
): Promise<(lastEventId: string) => Promise<EventReader>> {
  const server = await serve((req, res) => void respond(req, res, source, { manager }))
  return (lastEventId) => readEvents(urlOf(server), { headers: { 'Last-Event-ID': lastEventId } })
}

/** Data and types, without what only moves the id. */
function newsOf({ events }: EventReader): string[] {
  return events.filter(({ event }) => event !== 'sse-checkpoint').map(({ event, data }) => data || event)
}

test.each([
  ['is not ready yet', (held: Answer) => held.resolve()],
  ['cannot be read', (held: Answer) => held.reject(new Error('down'))],
])('while the first channel %s, ids of the second say what the client had of the first', async (_why, settle) => {
  const { node, other, hold } = nodes()
  const held = answer()
  hold.subscribe = held.promise
  const resume = await comeBack(async (connection) => {
    const first = connection.subscribe(node.getOrCreate('a')).catch(() => {})
    await Promise.all([first, connection.subscribe(node.getOrCreate('b'))])
  }, node)
  const [a, b] = [other.getOrCreate('a'), other.getOrCreate('b')]
  const start = `${await a.broadcast('a 1')}~${await b.broadcast('b 1')}`
  await a.broadcast('missed')
  const reader = await resume(start)
  const id = await b.broadcast('b 2')
  await reader.until(() => newsOf(reader).includes('b 2'), 'the second channel')
  expect(reader.lastEventId).toBe(`${start.split('~')[0]}~${id}`)
  settle(held)
  delete hold.subscribe
  reader.abort()
  await until(() => node.stats().connections === 0, 'the client to be gone')
  const again = await resume(reader.lastEventId)
  await again.until(() => newsOf(again).length > 0, 'what was missed')
  expect(newsOf(again)).toEqual(['missed'])
})

test('a channel whose signal has aborted before has its place all the same', async () => {
  const { node, other } = nodes()
  const resume = await comeBack(async (connection) => {
    await connection.subscribe(node.getOrCreate('a'), { signal: AbortSignal.abort() })
    await connection.subscribe(node.getOrCreate('b'))
  }, node)
  const [a, b] = [other.getOrCreate('a'), other.getOrCreate('b')]
  const reader = await resume(`${await a.broadcast('a 1')}~${await b.broadcast('b 1')}`)
  await reader.until(() => reader.events.length > 0, 'a checkpoint')
  await b.broadcast('b 2')
  await reader.until(() => newsOf(reader).length > 0, 'the second channel')
  expect(newsOf(reader)).toEqual(['b 2'])
})

test('a channel that was left while its past was read can no longer fail the stream', async () => {
  const { node, other, errors, hold } = nodes()
  const held = answer()
  hold.read = held.promise
  const leaving = new AbortController()
  const resume = await comeBack(async (connection) => {
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
  await reader.until(() => newsOf(reader).length > 0, 'the second channel')
  expect(newsOf(reader)).toEqual(['b 2'])
  expect(errors).toEqual([])
})

test('a channel that was left is not held by the streams that it was on', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const manager = new SseManager()
  let connection: SseConnection | undefined
  const resume = await comeBack(async (open) => {
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
    await reader.until(() => newsOf(reader).length > 0, 'the room')
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
