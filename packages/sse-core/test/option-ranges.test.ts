import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { merge, SseChannel, SseManager } from '@ssekit/sse-core'

describe('an invalid option is refused with an error that names the value:', () => {
  test.each<[string, unknown]>([
    ['heartbeatMs', -1],
    ['heartbeatMs', 2 ** 31],
    ['heartbeatMs', '15'],
    ['heartbeatMs', null],
    ['retryMs', -1],
    ['retryMs', 1.5],
    ['retryMs', Number.POSITIVE_INFINITY],
    ['writeTimeoutMs', -1],
    ['writeTimeoutMs', Number.POSITIVE_INFINITY],
    ['maxBufferedBytes', -1],
    ['maxEventBytes', Number.NaN],
    ['maxConnectionAgeMs', -1],
    ['maxHistoryBytes', -1],
    ['maxConnections', -1],
    ['maxConnectionsPerKey', '3'],
    ['maxChannels', Number.NaN],
    ['idleChannelMs', -1],
    ['overload', 'queue'],
  ])('%s: %p', (name, value) => {
    const make = (): unknown => Reflect.construct(SseManager, [{ [name]: value }])
    expect(make).toThrow(RangeError)
    expect(make).toThrow(name)
    expect(make).toThrow(String(value))
  })

  test.each([false, 5, null, 'none', []])('history: %p, which is not an object of limits', (history) => {
    const make = (): unknown => Reflect.construct(SseManager, [{ history }])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(inspect(history))
  })

  test.each(['maxEvents', 'maxBytes', 'maxAgeMs'])('history.%s: null, which is not the default', (name) => {
    const make = (): unknown => Reflect.construct(SseManager, [{ history: { [name]: null } }])
    expect(make).toThrow(new RangeError(`history.${name} must be a number, 0 or more, not null`))
  })

  // It cannot be converted to a string: a query that was parsed, for example.
  const nameless: unknown = Object.assign(Object.create(null), { a: 1 })

  test.each<[string, () => unknown, typeof RangeError | typeof TypeError]>([
    ['overload', () => Reflect.construct(SseManager, [{ overload: nameless }]), RangeError],
    [
      'rewind',
      () => Reflect.apply(SseChannel.prototype.listen, new SseChannel('a'), [{ rewind: nameless }]),
      RangeError,
    ],
    ['name', () => Reflect.construct(SseChannel, [nameless]), TypeError],
    ['merge', () => Reflect.apply(merge, undefined, [nameless]), TypeError],
  ])('%s: an object without a prototype, which the error shows', (name, make, type) => {
    expect(make).toThrow(type)
    expect(make).toThrow(name)
    expect(make).toThrow('[Object: null prototype]')
  })

  test('heartbeatMs: a whole request, which the error shows in one short line', () => {
    const request = { headers: { accept: 'x'.repeat(500) }, items: Array.from({ length: 500 }, String) }
    let message = ''
    try {
      Reflect.construct(SseManager, [{ heartbeatMs: request }])
    } catch (error) {
      message = String(error)
    }
    expect(message).toBe(
      'RangeError: heartbeatMs must be a number, 0 or more, not { headers: [Object], items: [Array] }',
    )
    const big = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`key${n}`, n]))
    for (const value of [big, new Error('of several lines')]) {
      const make = (): unknown => Reflect.construct(SseManager, [{ heartbeatMs: value }])
      expect(make).toThrow(/^[^\n]{50,260}$/)
    }
  })

  test('heartbeatMs: null, of a loop', () => {
    const listen = (): unknown =>
      Reflect.apply(SseChannel.prototype.listen, new SseChannel('a'), [{ heartbeatMs: null }])
    expect(listen).toThrow(new RangeError('heartbeatMs must be a number, 0 or more, not null'))
  })

  test.each<[string, unknown, string]>([
    ['onError', 'log', 'a function'],
    ['backplane', 5, 'a Backplane'],
    ['backplane', null, 'a Backplane'],
    // It looks like the client of a broker.
    ['backplane', { publish() {}, subscribe() {} }, 'a Backplane'],
  ])('%s: %p, for a manager and for a channel', (name, value, what) => {
    const makes = [
      () => Reflect.construct(SseManager, [{ [name]: value }]),
      () => Reflect.construct(SseChannel, ['news', { [name]: value }]),
    ]
    for (const make of makes) {
      expect(make).toThrow(TypeError)
      expect(make).toThrow(`${name} must be ${what}`)
    }
  })

  test('a number given as a string, which the error shows in quotes', () => {
    expect(() => Reflect.construct(SseManager, [{ heartbeatMs: '5' }])).toThrow("must be a number, 0 or more, not '5'")
  })

  test.each([
    [{ graceMs: -1 }, '-1'],
    [{ retryMs: -1 }, '-1'],
    [{ retryMs: 1.5 }, '1.5'],
    [{ retryMs: [5, 1] }, '5 to 1'],
    [{ retryMs: [1, Number.NaN] }, 'NaN'],
  ])('close(%j)', async (options, text) => {
    const manager = new SseManager()
    const closing: Promise<void> = Reflect.apply(manager.close, manager, [options])
    await expect(closing).rejects.toBeInstanceOf(RangeError)
    const again: Promise<void> = Reflect.apply(new SseManager().close, new SseManager(), [options])
    await expect(again).rejects.toThrow(text)
  })

  test('close() with an event that cannot be written; the manager stays open', async () => {
    const manager = new SseManager()
    const channel = manager.getOrCreate('a')
    await expect(manager.close({ event: { event: 'a\nb' } })).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    await expect(channel.broadcast('1')).resolves.toEqual(expect.any(String))
    await expect(manager.close()).resolves.toBeUndefined()
  })
})
