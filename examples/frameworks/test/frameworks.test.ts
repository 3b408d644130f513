import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type EventReader, RawClient, type ReceivedEvent, readEvents } from '@ssekit/sse-testkit'
import { RunningExample } from '../../cluster/test/running-example.js'

let example: RunningExample
let url: string
let leave: (() => void)[] = []

afterEach(() => {
  for (const go of leave) go()
  leave = []
})

afterAll(stop)

/** Starts an example, in place of the one that runs. Loading a framework takes longer than most tests. */
async function start(name: string): Promise<void> {
  await stop()
  example = new RunningExample(new URL(`../dist/${name}.js`, import.meta.url), {})
  url = (await example.listens()).replace('127.0.0.1', 'localhost')
}

async function stop(): Promise<void> {
  example?.destroy()
  await example?.exited
}

async function read(path: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await readEvents(url + path, { headers, timeoutMs: 60_000 })
  leave.push(() => reader.abort())
  return reader
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(url, 60_000)
  leave.push(() => client.destroy())
  return client
}

/** Makes the server broadcast an event; resolves to its id. */
async function send(): Promise<string> {
  return (await fetch(`${url}/send`, { method: 'POST' })).text()
}

const isNotice = ({ event }: ReceivedEvent): boolean => event === 'notice'

describe.each(['hono', 'hono-node', 'nest', 'nest-fastify', 'fetch'])('the %s example', (name) => {
  beforeAll(() => start(name))

  test('replays missed events once to a client that reconnects, then continues live', async () => {
    const before = await read('/events')
    expect(before.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(before.headers.get('x-accel-buffering')).toBe('no')
    const first = await send()
    expect(await before.take(1, isNotice)).toEqual([{ event: 'notice', id: first, data: 'Hello, world!' }])
    before.abort()
    const missed = [await send(), await send()]
    const after = await read('/events', { 'Last-Event-ID': before.lastEventId })
    const ids = [...missed, await send()]
    expect((await after.take(3, isNotice)).map(({ id }) => id)).toEqual(ids)
    expect(after.events.filter(isNotice)).toHaveLength(3)
    expect(example.stderr).toBe('')
  })

  test('answers HEAD with the response headers of the stream, and the connection accepts the next request', async () => {
    const client = (await connect()).send({ path: '/events', method: 'HEAD' }, { path: '/nowhere' })
    const [head, next] = [await client.response(0), await client.response(1)]
    expect([head.status, head.header('content-type')]).toEqual([200, ['text/event-stream; charset=utf-8']])
    expect(next.status).toBe(404)
    // A late write to the HEAD response would print an error.
    await send()
    expect(example.stderr).toBe('')
  })

  // The last one, because the process ends.
  test('ends its stream completely on SIGTERM, and then exits', async () => {
    const reader = await read('/events')
    const id = await send()
    await reader.take(1, isNotice)
    const exit = example.stop()
    expect(await reader.ended).toBe('complete')
    expect(reader.lastEventId).toBe(id)
    expect(reader.retries.at(-1)).toBeGreaterThanOrEqual(1_000)
    // Nest sends the signal to itself again when it is done.
    expect(await exit).toBe(name.startsWith('nest') ? null : 0)
  })
})

// In a process of their own, because they print to stderr.
describe.each(['hono', 'hono-node', 'nest', 'nest-fastify'])('the %s example', (name) => {
  beforeAll(() => start(name))

  test('answers an error before the response headers with the 500 of the framework, without its message', async () => {
    const response = await fetch(`${url}/jobs/unknown`)
    expect([response.status, (await response.text()).toLowerCase()]).toEqual([
      500,
      name.startsWith('hono') ? 'internal server error' : '{"statuscode":500,"message":"internal server error"}',
    ])
    await example.complains('no such job')
  })

  test('ends the stream on an error after the response headers, and logs it', async () => {
    const reader = await read('/jobs/broken')
    expect(await reader.ended).toBe('complete')
    expect(reader.events).toEqual([{ event: 'step', id: undefined, data: '1' }])
    expect(reader.text).not.toContain('disk')
    await example.complains('the disk is full')
    expect((await read('/jobs/7')).status).toBe(200)
  })
})

test('hono-node: headers that middleware sets before the stream are sent; headers that it sets later cause no error', async () => {
  await start('hono-node')
  const reader = await read('/cookies')
  expect(reader.headers.getSetCookie()).toEqual(['first=1; Path=/', 'second=2; Path=/'])
  expect(reader.headers.get('access-control-allow-origin')).toBe('*')
  await reader.ended
  expect((await read('/events')).headers.getSetCookie()).toEqual([])
  expect(example.stderr).toBe('')
})

test('hono: headers that are set before the stream or after it are sent', async () => {
  await start('hono')
  const reader = await read('/plain/cookies')
  expect(reader.headers.getSetCookie()).toEqual(['first=1; Path=/', 'second=2; Path=/'])
  expect(reader.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  await reader.ended
  expect((await read('/events')).headers.get('access-control-allow-origin')).toBe('*')
  expect(example.stderr).toBe('')
})

test('nest: a connection without a request does not delay the shutdown', async () => {
  await start('nest')
  const silent = await connect()
  await send()
  await example.stop()
  await silent.closed
})
