import { strict as assert } from 'node:assert'
import { Readable } from 'node:stream'
import { merge, SseChannel, SseStream } from '@ssekit/sse-core'
import type { Script } from './scenario.js'
import type { Stage } from './stage.js'
import type { RouteContext } from './subject.js'
import { dataOf, numbers, takeData } from './take-events.js'

/** Every source that `sse()` accepts. */
export function sourceScenarios({ scenario }: Script): void {
  const streams = (
    what: string,
    source: () => Parameters<RouteContext['sse']>[0],
    expected: readonly string[] = ['1', '2', '3'],
  ): void => {
    scenario(`${what} is streamed, and its end ends the response`, async (stage) => {
      assert.deepEqual(await streamed(stage, source), expected)
    })
  }
  streams('an array', () => ['1', '2', '3'])
  streams('a generator', function* () {
    yield* numbers(1, 3)
  })
  streams('an iterator of a Set', () => new Set(numbers(1, 3)).values())
  streams('an async generator', () => later(numbers(1, 3)))
  streams(
    'an async generator function',
    () =>
      async function* () {
        yield* later(numbers(1, 3))
      },
  )
  streams('a function that sends', () => async (connection) => {
    for (const number of numbers(1, 3)) await connection.send(number)
  })
  streams('a function that returns an iterable', () => () => numbers(1, 3))
  streams('a function that resolves to an iterable', () => async () => later(numbers(1, 3)))
  streams('a function that sends and then returns the rest', () => async (connection) => {
    await connection.send('1')
    return ['2', '3']
  })
  streams('a Readable of objects', () => Readable.from(numbers(1, 3).map((data) => ({ data }))))
  streams('a Readable of bytes', () => Readable.from([Buffer.from('1'), Buffer.from('2'), Buffer.from('3')]))
  streams('a web stream of strings', () => webStream(numbers(1, 3)))
  streams('an SseStream that was filled before', () => {
    const stream = new SseStream().addData('1').addEvent('two', '2').add({ data: '3' })
    stream.end()
    return stream
  })
  streams('a merged source', () => merge(['1'], later(['2', '3'])))
  streams('an empty array', () => [], [])
  streams('a function that does nothing', () => () => {}, [])
  streams(
    'an array of values that are not events',
    () => ['a', 1, true, null, [1, 2], new Date(0), { data: { a: 1 } }],
    ['a', '1', 'true', 'null', '[1,2]', '"1970-01-01T00:00:00.000Z"', '{"a":1}'],
  )

  scenario('a plain object is sent as an event with all its fields, and is not modified', async (stage) => {
    const event = Object.freeze({ event: 'order', data: { n: 1 }, id: '7', retry: 5, comment: 'note' })
    const served = await stage.serve(({ sse }) => sse([event]))
    const reader = await served.open()
    await reader.end()
    assert.deepEqual(reader.events, [{ event: 'order', data: '{"n":1}', id: '7' }])
    assert.deepEqual(reader.comments, ['note'])
    assert.equal(reader.retries.at(-1), 5)
  })

  scenario('a character that is split between two chunks is sent whole', async (stage) => {
    const bytes = Buffer.from('a€b😀c')
    const cuts = Array.from(bytes, (byte) => Uint8Array.of(byte))
    const served = await stage.serve({
      '/web': ({ sse }) => sse(webStream(cuts)),
      '/node': ({ sse }) => sse(Readable.from(cuts)),
      '/empty': ({ sse }) => sse(webStream([new Uint8Array(), ...cuts])),
    })
    for (const path of ['/web', '/node', '/empty']) {
      const reader = await served.open(path)
      await reader.end()
      assert.deepEqual(dataOf(reader), ['a', '€', 'b', '😀', 'c'], path)
    }
  })

  scenario('an SseStream is sent while events are added to it', async (stage) => {
    const stream = new SseStream().addData('before')
    const served = await stage.serve(({ sse }) => sse(stream))
    const reader = await served.open()
    assert.deepEqual(await takeData(reader, 1), ['before'])
    assert.equal(stream.isEmpty, true)
    stream.addData('after')
    assert.deepEqual(await takeData(reader, 1), ['after'])
    stream.end()
    assert.equal(await reader.end(), 'complete')
  })

  scenario('an SseStream cannot be used for a second response', async (stage) => {
    const stream = new SseStream().addData('mine')
    const served = await stage.serve(({ sse }) => sse(stream))
    const first = await served.open()
    assert.equal((await served.open()).status, 500)
    assert.deepEqual(await takeData(first, 1), ['mine'])
  })

  scenario('a channel.listen() source starts where listen() was called', async (stage) => {
    const channel = new SseChannel('news')
    await channel.broadcast('before')
    const listening = channel.listen()
    await channel.broadcast('between')
    const served = await stage.serve(({ sse }) => sse(listening))
    const reader = await served.open()
    assert.deepEqual(await takeData(reader, 1), ['between'])
    await channel.broadcast('after')
    assert.deepEqual(await takeData(reader, 1), ['after'])
  })

  scenario('the stream of a function that subscribes and returns lasts as long as its subscriptions', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve(({ sse }) =>
      sse((connection) => {
        void connection.subscribe(channel)
      }),
    )
    const reader = await served.open()
    await channel.broadcast('one')
    assert.deepEqual(await takeData(reader, 1), ['one'])
    await channel.end()
    assert.equal(await reader.end(), 'complete')
  })

  for (const [what, source] of [
    ['null', null],
    ['a function that returns null', () => null],
    ['a function that resolves to null', async () => null],
  ] as const) {
    scenario(`${what} is answered with 204, which stops an EventSource`, async (stage) => {
      const served = await stage.serve(({ sse }) => sse(source))
      const reader = await served.open()
      assert.equal(reader.status, 204)
      assert.equal(reader.headers.has('content-type'), false)
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
    })
  }
}

async function streamed(stage: Stage, source: () => Parameters<RouteContext['sse']>[0]): Promise<string[]> {
  const served = await stage.serve(({ sse }) => sse(source()))
  const reader = await served.open()
  assert.equal(reader.status, 200)
  assert.equal(await reader.end(), 'complete')
  assert.deepEqual(await (await served.request()).outcome(), { reason: 'end' })
  assert.equal(served.manager.stats().connections, 0)
  return dataOf(reader)
}

async function* later<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    yield value
  }
}

function webStream(chunks: readonly (string | Uint8Array)[]): ReadableStream<string | Uint8Array> {
  const rest = [...chunks]
  return new ReadableStream({
    pull(controller) {
      const chunk = rest.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}
