import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { merge, type PullSource, SseChannel, type SseEvent, SseManager, SseStream } from '@ssekit/sse-core'
import { collect, isPending, turn } from './collecting.js'

/** The events that a channel receives from `pipeFrom(source)`. */
async function piped(source: PullSource): Promise<SseEvent[]> {
  const channel = new SseChannel('job')
  const received = collect(channel)
  await channel.pipeFrom(source)
  await channel.end()
  await received.over
  return received.events.map(({ id: _id, ...event }) => event)
}

async function* asynchronously<T>(...values: T[]): AsyncGenerator<T> {
  for (const value of values) {
    await turn()
    yield value
  }
}

function webStream<T>(values: readonly T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const value of values) controller.enqueue(value)
      controller.close()
    },
  })
}

function* synchronously<T>(...values: T[]): Generator<T> {
  yield* values
}

describe('pipeFrom() broadcasts', () => {
  test.each<[string, () => PullSource]>([
    ['an async generator', () => asynchronously('a', 'b')],
    ['a sync generator', () => synchronously('a', 'b')],
    ['an array', () => ['a', 'b']],
    ['a set', () => new Set(['a', 'b'])],
    ['a Node stream', () => Readable.from(['a', 'b'])],
    ['a web stream', () => webStream(['a', 'b'])],
    ['an SseStream', () => new SseStreamOf('a', 'b')],
  ])('the values of %s', async (_what, make) => {
    expect(await piped(make())).toEqual([{ data: 'a' }, { data: 'b' }])
  })

  test('plain objects as events, and everything else as data', async () => {
    class Order {
      total = 3
    }
    expect(
      await piped(asynchronously<unknown>({ event: 'e', data: 1 }, 'text', '', 0, null, false, [1], new Order())),
    ).toEqual([
      { event: 'e', data: 1 },
      { data: 'text' },
      { data: '' },
      { data: 0 },
      { data: null },
      { data: false },
      { data: [1] },
      { data: new Order() },
    ])
  })

  test('objects without a prototype as events', async () => {
    expect(await piped([Object.assign(Object.create(null), { event: 'e', data: 1 })])).toEqual([
      { event: 'e', data: 1 },
    ])
  })

  test('the events of another channel, until that channel ends', async () => {
    const source = new SseChannel('source')
    const target = new SseChannel('target')
    const received = collect(target)
    const piping = target.pipeFrom(source)
    await source.broadcast({ event: 'e', data: 1, id: 'a' })
    await source.end({ data: 2, id: 'b' })
    await piping
    await turn()
    expect(received.events).toEqual([
      { event: 'e', data: 1, id: 'a' },
      { data: 2, id: 'b' },
    ])
  })

  test('nothing for an empty source', async () => {
    expect(await piped(asynchronously())).toEqual([])
    expect(await piped([])).toEqual([])
    expect(await piped(Readable.from([]))).toEqual([])
  })

  test('each event only after the backplane has accepted the previous one', async () => {
    const pulled: number[] = []
    let accept = (): void => {}
    const channel = new SseChannel('job', {
      backplane: {
        publish: () =>
          new Promise((resolve) => {
            accept = () => resolve('id')
          }),
        subscribe: async () => () => {},
        read: async () => undefined,
        close: async () => {},
      },
    })
    const piping = channel.pipeFrom(
      (function* () {
        for (let i = 0; i < 3; i++) {
          pulled.push(i)
          yield i
        }
      })(),
    )
    await turn()
    expect(pulled).toEqual([0])
    accept()
    await turn()
    expect(pulled).toEqual([0, 1])
    accept()
    await turn()
    accept()
    await piping
  })
})

describe('pipeFrom() decodes bytes as text', () => {
  const bytes = Buffer.from('a€🚀b\ufeff')

  test.each([
    ['a Node stream', (chunks: Uint8Array[]) => Readable.from(chunks)],
    ['a web stream', (chunks: Uint8Array[]) => webStream(chunks)],
    ['an iterable', (chunks: Uint8Array[]) => asynchronously(...chunks)],
  ])('and keeps characters whole across the chunks of %s', async (_what, make) => {
    for (let size = 1; size <= bytes.length; size++) {
      const chunks: Uint8Array[] = []
      for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size))
      const events = await piped(make(chunks))
      expect(events.map(({ data }) => data).join('')).toBe('a€🚀b\ufeff')
      expect(events.every(({ data }) => data !== '')).toBe(true)
    }
  })

  test('and keeps a byte order mark at the start', async () => {
    expect(await piped([Buffer.from('\ufeffa')])).toEqual([{ data: '\ufeffa' }])
  })

  test('and replaces an incomplete last character with U+FFFD', async () => {
    expect(await piped([Buffer.from('a'), bytes.subarray(1, 3)])).toEqual([{ data: 'a' }, { data: '\ufffd' }])
  })

  test('from an ArrayBuffer or a DataView, but sends a Uint16Array as data', async () => {
    const { buffer } = Uint8Array.of(97, 98)
    expect(await piped([buffer, new DataView(buffer, 1)])).toEqual([{ data: 'ab' }, { data: 'b' }])
    expect(await piped([Uint16Array.of(1, 2)])).toEqual([{ data: { 0: 1, 1: 2 } }])
  })

  test('and sends no event for an empty chunk', async () => {
    expect(await piped([Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(0)])).toEqual([{ data: 'a' }])
  })
})

describe('pipeFrom()', () => {
  test('rejects with the error of the source', async () => {
    const channel = new SseChannel('job')
    const failing = (async function* () {
      yield 'a'
      throw new Error('source')
    })()
    await expect(channel.pipeFrom(failing)).rejects.toThrow('source')
    await expect(
      channel.pipeFrom(
        new Readable({
          read() {
            this.destroy(new Error('stream'))
          },
        }),
      ),
    ).rejects.toThrow('stream')
  })

  test('rejects with the error of a broadcast, and cancels the source once', async () => {
    let finished = 0
    const channel = new SseChannel('job')
    const source = (async function* () {
      try {
        yield 'fine'
        yield { event: 'a\nb' }
        yield 'never'
      } finally {
        finished += 1
      }
    })()
    await expect(channel.pipeFrom(source)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    await turn()
    expect(finished).toBe(1)
  })

  test.each<[string, () => { source: PullSource; isCancelled: () => boolean }]>([
    [
      'a Node stream',
      () => {
        const source = Readable.from(asynchronously('a', 'b'))
        return { source, isCancelled: () => source.destroyed }
      },
    ],
    [
      'a web stream',
      () => {
        let isCancelled = false
        const source = new ReadableStream({
          pull: (controller) => controller.enqueue('a'),
          cancel: () => {
            isCancelled = true
          },
        })
        return { source, isCancelled: () => isCancelled }
      },
    ],
  ])('rejects and cancels %s if the channel is already closed', async (_what, make) => {
    const { source, isCancelled } = make()
    const channel = new SseChannel('job')
    await channel.close()
    await expect(channel.pipeFrom(source)).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await turn()
    expect(isCancelled()).toBe(true)
  })

  test.each<[string, () => PullSource]>([
    ['another channel', () => new SseChannel('other')],
    ['a listen() result', () => new SseChannel('other').listen()],
    ['an SseStream', () => new SseStream()],
    ['a ReadableStream', () => new ReadableStream()],
    ['a Readable', () => new Readable({ read() {} })],
    ['a merge() result', () => merge(new SseChannel('one'), new SseChannel('two'))],
  ])('rejects with ERR_SSE_CLOSED if the channel ends while the source is idle: %s', async (_what, make) => {
    const channel = new SseChannel('job')
    const piping = channel.pipeFrom(make())
    await turn()
    await channel.end()
    await expect(piping).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  })

  test.each<[string, (manager: SseManager) => Promise<void> | undefined]>([
    ['the manager is closed', (manager) => manager.close()],
    ['the channel is deleted', (manager) => void manager.delete('job')],
    ['the channel ends', (manager) => manager.get('job')?.end()],
  ])('rejects with ERR_SSE_CLOSED and cancels an idle source when %s', async (_what, end) => {
    const manager = new SseManager()
    const channel = manager.getOrCreate('job')
    const closed: string[] = []
    const quiet: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        async return() {
          closed.push('iterator')
          return { done: true, value: undefined }
        },
      }),
    }
    const readable = new Readable({ read() {} })
    const pipes = [channel.pipeFrom(quiet), channel.pipeFrom(readable)]
    await turn()
    expect(closed).toEqual([])
    await end(manager)
    for (const piping of pipes) await expect(piping).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    expect(closed).toEqual(['iterator'])
    expect(readable.destroyed).toBe(true)
    // The same for a later pipeFrom() call.
    await expect(channel.pipeFrom(quiet)).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    expect(closed).toEqual(['iterator', 'iterator'])
  })

  test.each<[string, (channel: SseChannel) => Promise<void>]>([
    ['closes', (channel) => channel.close()],
    ['ends', (channel) => channel.end()],
  ])('resolves if the source itself %s the channel when it finishes', async (_what, end) => {
    const channel = new SseChannel('job')
    const received = collect(channel)
    await channel.pipeFrom(
      (async function* () {
        try {
          yield 'a'
        } finally {
          await end(channel)
        }
      })(),
    )
    await received.over
    expect(received.data).toEqual(['a'])
  })

  test('reports its error to onError if nobody awaits it', async () => {
    const errors: unknown[] = []
    const channel = new SseChannel('job', { onError: (error) => errors.push(error) })
    void channel.pipeFrom([{ event: 'a\nb' }])
    await turn()
    await turn()
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })

  test('stays pending while the source has not ended', async () => {
    const channel = new SseChannel('job')
    const stream = new SseStream()
    expect(await isPending(channel.pipeFrom(stream.addData('a')))).toBe(true)
    stream.end()
  })

  test('rejects with the broadcast error, and reports an error of cancelling the source to onError', async () => {
    const errors: unknown[] = []
    const channel = new SseChannel('job', { onError: (error) => errors.push(error) })
    const source = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: { event: 'a\nb' } }),
        return: () => {
          throw new Error('while cancelled')
        },
      }),
    }
    await expect(channel.pipeFrom(source)).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    await turn()
    expect(errors).toMatchObject([{ message: 'while cancelled' }])
  })

  test('rejects with the error of a promise that a sync generator yields, and closes the generator', async () => {
    let isClosed = false
    const source = (function* () {
      try {
        yield Promise.resolve('a')
        yield Promise.reject(new Error('no such row'))
      } finally {
        isClosed = true
      }
    })()
    await expect(new SseChannel('job').pipeFrom(source)).rejects.toThrow('no such row')
    expect(isClosed).toBe(true)
  })

  test('awaits the promises of a sync iterable, and broadcasts their values', async () => {
    expect(await piped([Promise.resolve('a'), Promise.resolve({ event: 'e' })])).toEqual([
      { data: 'a' },
      { event: 'e' },
    ])
  })
})

class SseStreamOf extends SseStream {
  constructor(...texts: string[]) {
    super()
    for (const text of texts) this.addData(text)
    this.end()
  }
}
