import { once } from 'node:events'
import { get } from 'node:http'
import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { EventReader, isCheckpoint, parseEvents, type ReaderSource, readEvents } from '@ssekit/sse-testkit'
import { until } from '../../sse-core/test/until.js'
import { listen } from './network/listen.js'

const FRAMES = 'retry: 5\n\nid: 1\ndata: one\n\n: note\n\nevent: two\ndata: €\n\n'

test('readEvents() fetches a URL as an event stream, with status, headers and text', async () => {
  let accept: string | undefined
  let id: unknown
  const url = await listen((req, res) => {
    accept = req.headers.accept
    id = req.headers['last-event-id']
    res.writeHead(202, { 'x-test': 'yes' }).end(FRAMES)
  })
  const reader = await readEvents(new URL(url), { headers: { 'last-event-id': '7' } })
  expect(await reader.take(2)).toEqual([
    { event: 'message', data: 'one', id: '1' },
    { event: 'two', data: '€', id: undefined },
  ])
  expect([accept, id]).toEqual(['text/event-stream', '7'])
  expect([reader.status, reader.headers.get('x-test')]).toEqual([202, 'yes'])
  expect(await reader.end()).toBe('complete')
  expect([reader.text, reader.retries, reader.comments, reader.lastEventId]).toEqual([FRAMES, [5], ['note'], '1'])
})

test('readEvents() reads a fetch response and a Node response alike', async () => {
  const url = await listen((_req, res) => void res.end(FRAMES))
  const fetched = await readEvents(await fetch(url))
  const [response] = await once(get(url, { agent: false }), 'response')
  const node = await readEvents(response)
  expect(await fetched.end()).toBe('complete')
  expect(await node.end()).toBe('complete')
  expect(fetched.events).toEqual(node.events)
  expect(node.status).toBe(200)
})

test('readEvents() reads any Readable, and joins characters that are split between chunks', async () => {
  const reader = await readEvents(Readable.from(Array.from(Buffer.from('data: €\n\n'), (byte) => Buffer.of(byte))))
  expect(await reader.take(1)).toMatchObject([{ data: '€' }])
})

test('the status of a stream without a response is 0, not 200', async () => {
  const reader = await readEvents(Readable.from([]))
  expect(reader.status).toBe(0)
})

test('take() takes each event once, in order, and skips those that the predicate rejects', async () => {
  const reader = await readEvents(Readable.from([Buffer.from('data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n')]))
  expect(await reader.take(1)).toMatchObject([{ data: '1' }])
  expect(await reader.take(2, ({ data }) => data !== '2')).toMatchObject([{ data: '3' }, { data: '4' }])
  expect(reader.events).toHaveLength(4)
})

test('next() takes the next event that satisfies the predicate, and rejects if none comes', async () => {
  const reader = await readEvents(Readable.from([Buffer.from('event: sse-checkpoint\ndata\n\ndata: 1\n\ndata: 2\n\n')]))
  expect(await reader.next((event) => !isCheckpoint(event))).toEqual({ event: 'message', data: '1', id: undefined })
  expect((await reader.next()).data).toBe('2')
  const error: Error = await reader.next().catch((reason) => reason)
  expect(error.stack).toMatch(/^Error: waited for 1 event, got 0, then the stream was complete; .*\n.*reader\.test\.ts/)
})

test('isCheckpoint() tells checkpoints from other events', () => {
  expect(parseEvents('event: sse-checkpoint\ndata\n\nevent: sse-gap\ndata\n\ndata: 1\n\n').map(isCheckpoint)).toEqual([
    true,
    false,
    false,
  ])
})

test.each([
  ['', ''],
  ['id: 1\ndata: 1\n\n', '1'],
  ['id: 1\ndata: 1\n\ndata: 2\n\n', '1'],
  // A block without data is no event, but its id counts.
  ['id: 1\ndata: 1\n\nid: 7\n\n', '7'],
  ['id: 7\r\revent: none\r\r', '7'],
  ['id:  7\r\n\r\n', ' 7'],
  ['id: 1\nid: 2\n\nid: 3\n', '2'],
  ['id: 1\n\nid\n\n', ''],
  ['id: 1\n\nid: 2\0\n\nidea: 3\n\n: id: 4\n\n', '1'],
])('the lastEventId after %j is what an EventSource would send: %j', async (text, id) => {
  const reader = await readEvents(Readable.from([Buffer.from(text)]))
  await reader.end()
  expect(reader.lastEventId).toBe(id)
})

test('an EventReader reads any ReaderSource', async () => {
  const source: ReaderSource = {
    status: 200,
    headers: new Headers(),
    chunks: Readable.from([Buffer.from('data: 1\n\n')]),
    isComplete: () => false,
    abort: () => {},
  }
  const reader = new EventReader(source)
  expect(await reader.next()).toMatchObject({ data: '1' })
  expect(await reader.end()).toBe('cut')
})

test('a wait that fails, at the end of the stream or at its time limit, reports the text received', async () => {
  const ended = await readEvents(Readable.from([Buffer.from('data: 1\n\n')]))
  await expect(ended.take(2)).rejects.toThrow(
    /^waited for 2 events, got 1, then the stream was complete; received "data: 1\\n\\n"/,
  )
  const url = await listen((_req, res) => void res.writeHead(201, { 'content-type': 'a/b; c=d' }).write('data: 1\n\n'))
  const open = await readEvents(await fetch(url), { timeoutMs: 20 })
  // It may take longer than that to come.
  await until(() => open.events.length > 0, 'the first event')
  await expect(open.take(2)).rejects.toThrow(
    'waited for 2 events, got 1, then 20 ms passed; HTTP 201 a/b; received "data: 1\\n\\n"',
  )
  await expect(open.take(1)).rejects.toThrow('waited for 1 event, got 0, then')
  await expect(open.until(() => false, 'a miracle')).rejects.toThrow('waited for a miracle, then 20 ms passed')
  await expect(open.end()).rejects.toThrow('waited for the end, then 20 ms passed')
  open.abort()
})

test('the stack of a wait that fails begins in the test, not in the testkit', async () => {
  const reader = await readEvents(new Readable({ read() {} }), { timeoutMs: 1 })
  const waits = [() => reader.take(1), () => reader.until(() => false), () => reader.end()]
  for (const wait of waits) {
    const error: Error = await wait().catch((reason) => reason)
    expect(error.stack).toMatch(/^Error: waited for .*\n.*reader\.test\.ts/)
  }
})

test('an error thrown by a predicate or a condition rejects only its own wait', async () => {
  let send: ((text: string) => void) | undefined
  const url = await listen((_req, res) => {
    res.flushHeaders()
    send = (text) => void res.write(text)
  })
  const reader = await readEvents(url)
  const mistake = new SyntaxError('no JSON')
  const isSo = (isOver: boolean): boolean => {
    if (isOver) throw mistake
    return false
  }
  const taken = reader.take(1, ({ data }) => isSo(data === '1'))
  const until = reader.until(({ events }) => isSo(events.length > 0))
  const other = reader.until(({ events }) => events.length === 2)
  send?.('data: 1\n\n')
  await expect(taken).rejects.toBe(mistake)
  await expect(until).rejects.toBe(mistake)
  expect(reader.isOver).toBe(false)
  send?.('data: 2\n\n')
  await other
  // The event for which the predicate threw is skipped.
  expect(await reader.take(1)).toMatchObject([{ data: '2' }])
  await expect(reader.until(({ events }) => isSo(events.length > 0))).rejects.toBe(mistake)
  reader.abort()
  // The error must not affect a wait for the end.
  const atTheEnd = reader.until(({ isOver }) => isSo(isOver))
  const end = reader.end()
  await expect(atTheEnd).rejects.toBe(mistake)
  expect(await end).toBe('cut')
})

test('abort() disconnects from the server', async () => {
  const left = new Promise<void>((resolve) => {
    void listen((_req, res) => {
      res.on('close', resolve)
      res.write('data: 1\n\n')
    }).then(async (url) => {
      const reader = await readEvents(url)
      await reader.take(1)
      reader.abort()
      reader.abort()
      expect(await reader.ended).toBe('cut')
    })
  })
  await left
})

test('abort() also disconnects if the response was passed to readEvents()', async () => {
  let hasLeft: (() => void) | undefined
  const left = new Promise<void>((resolve) => {
    hasLeft = resolve
  })
  const url = await listen((_req, res) => {
    res.on('close', () => hasLeft?.())
    res.write('data: 1\n\n')
  })
  const reader = await readEvents(await fetch(url))
  await reader.take(1)
  reader.abort()
  reader.abort()
  expect(await reader.ended).toBe('cut')
  await left
})

test('abort() also disconnects while the reader is paused', async () => {
  const left = new Promise<void>((resolve) => {
    void listen((_req, res) => {
      res.on('close', resolve)
      res.write('data: 1\n\n')
    }).then(async (url) => {
      const reader = await readEvents(await fetch(url))
      reader.pause()
      reader.abort()
      expect(await reader.ended).toBe('cut')
    })
  })
  await left
})

test('readEvents() rejects a response whose body is already being read', async () => {
  const url = await listen((_req, res) => void res.end(FRAMES))
  const response = await fetch(url)
  response.body?.getReader()
  await expect(readEvents(response)).rejects.toMatchObject({ name: 'TypeError' })
})

test('readEvents() rejects and disconnects if the response headers do not arrive within timeoutMs', async () => {
  // On a busy machine it may have given up before its request was seen.
  const seen: Promise<unknown>[] = []
  const url = await listen((_req, res) => void seen.push(once(res, 'close')))
  await expect(readEvents(url, { timeoutMs: 200 })).rejects.toThrow(/waited for the response headers.*200 ms/)
  await Promise.all(seen)
})

test('timeoutMs no longer limits the request once the response headers have arrived', async () => {
  let send: ((text: string) => void) | undefined
  const url = await listen((_req, res) => {
    res.flushHeaders()
    send = (text) => void res.write(text)
  })
  const reader = await readEvents(url, { timeoutMs: 500 })
  await expect(reader.take(1)).rejects.toThrow(/500 ms/)
  send?.('data: 1\n\n')
  expect(await reader.take(1)).toMatchObject([{ data: '1' }])
  reader.abort()
})

test("a stream that breaks off ends as 'cut', and its incomplete last event is dropped", async () => {
  const url = await listen((_req, res) => {
    res.write('data: 1\n\ndata: 2')
    setImmediate(() => res.destroy())
  })
  const reader = await readEvents(url)
  expect(await reader.end()).toBe('cut')
  expect(reader.events).toMatchObject([{ data: '1' }])
})

test('a paused reader reads nothing', async () => {
  let sent = 0
  const url = await listen((_req, res) => {
    const send = (): void => {
      do sent += 1
      while (res.write(`data: ${'x'.repeat(64_000)}\n\n`) && sent < 2_000)
      res.once('drain', send)
    }
    send()
  })
  const reader = await readEvents(url)
  await reader.take(1)
  reader.pause()
  let before = -1
  while (sent !== before) {
    before = sent
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
  expect(sent).toBeLessThan(1_000)
  reader.resume()
  await reader.until(() => sent > before)
  reader.abort()
})

test('parseEvents() reads a complete body, and drops an incomplete last event', () => {
  expect(parseEvents(FRAMES)).toEqual([
    { event: 'message', data: 'one', id: '1' },
    { event: 'two', data: '€', id: undefined },
  ])
  expect(parseEvents('data: never dispatched')).toEqual([])
})
