import { afterEach, describe, expect, test } from '@jest/globals'
import { type EventFilter, merge, respond, SseManager, type SseOptions, type SseSource } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

/** A filter as JavaScript code might have it, without type checks. Its promise is truthy, whatever it settles to. */
const asynchronous = (async () => {
  throw new Error('not seen by anybody')
}) as unknown as EventFilter

describe('a filter that returns a promise lets no event through and fails', () => {
  const sources: readonly (readonly [what: string, source: (manager: SseManager) => SseSource, options: SseOptions])[] =
    [
      ['a stream of a channel', (manager) => manager.getOrCreate('news'), { filter: asynchronous, rewind: 1 }],
      [
        'a stream of two merged channels',
        (manager) => merge(manager.getOrCreate('news'), manager.getOrCreate('b')),
        { filter: asynchronous, rewind: 1 },
      ],
      [
        'a stream of a listen() result',
        (manager) => manager.getOrCreate('news').listen({ filter: asynchronous, rewind: 1 }),
        {},
      ],
      [
        'a subscription',
        (manager) => (connection) =>
          connection.subscribe(manager.getOrCreate('news'), { filter: asynchronous, rewind: 1 }),
        {},
      ],
      [
        'a subscription on a stream with another filter',
        (manager) => (connection) =>
          connection.subscribe(manager.getOrCreate('news'), { filter: asynchronous, rewind: 1 }),
        { filter: () => true },
      ],
    ]
  test.each(sources)('%s', async (_what, source, options) => {
    const errors: unknown[] = []
    const manager = new SseManager({ onError: (error) => errors.push(error) })
    await manager.getOrCreate('news').broadcast('secret')
    const server = await serve((req, res) => {
      respond(req, res, source(manager), { manager, ...options }).catch(() => {})
    })
    const client = await exchange(server, get())
    await client.until(/0\r\n\r\n$/)
    expect(client.text()).not.toContain('secret')
    expect(errors).toEqual([new TypeError('a filter must return its answer at once, not a promise')])
  })

  test('a stream of an iterable, which gets an error response', async () => {
    let outcome: unknown
    const server = await serve((req, res) => {
      respond(req, res, ['secret'], { filter: asynchronous }).catch((error: unknown) => {
        outcome = error
        res.writeHead(500).end()
      })
    })
    const client = await exchange(server, get())
    await client.until(/^HTTP\/1.1 500 [\s\S]*0\r\n\r\n$/)
    expect(outcome).toBeInstanceOf(TypeError)
  })

  test('a loop over listen()', async () => {
    const channel = new SseManager().getOrCreate('news')
    const received = collect(channel.listen({ filter: asynchronous }))
    await channel.broadcast('secret')
    await expect(received.over).rejects.toThrow('not a promise')
    expect(received.data).toEqual([])
  })
})

test('a filter that returns the promise of a query builder lets no event through and fails', async () => {
  // biome-ignore lint/suspicious/noThenProperty: such a promise is not an instance of Promise
  const query = { where: () => query, then: (resolve: (found: boolean) => void) => resolve(false) }
  const filter = (() => query.where()) as unknown as EventFilter
  const channel = new SseManager().getOrCreate('news')
  const loop = channel.listen({ filter })[Symbol.asyncIterator]()
  const next = loop.next()
  await channel.broadcast('secret')
  await expect(next).rejects.toThrow(new TypeError('a filter must return its answer at once, not a promise'))
})
