import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { merge, SseChannel, type SseEvent, SseManager, type SseSource } from '@ssekit/sse-core'
import { readEvents } from '@ssekit/sse-testkit'

/** What an application of an adapter does. */
interface OwnManagerApp {
  /** The manager passed to `sse()`; undefined to call it without one. */
  readonly manager: SseManager | undefined
  /** The source that it streams at `/`: a channel, or one made of a channel. */
  readonly source: SseSource
  /** An option of that stream, which may throw. */
  readonly filter: (event: SseEvent) => boolean
}

/** Starts an application, which listens until the test is over; resolves to its URL. */
type ServeOwnManager = (app: OwnManagerApp) => Promise<string>

/**
 * Tests whose limits apply, and whose onError is called, with `sse()` of an adapter and a channel that has its own manager.
 *
 * @param sseManager the default manager, as the adapter exports it
 */
export function testOwnManager(sseManager: SseManager, serve: ServeOwnManager): void {
  let errors: unknown[]
  let own: SseManager
  beforeEach(() => {
    errors = []
    own = new SseManager({ maxConnections: 1, onError: (error) => errors.push(error) })
  })
  afterEach(() => own.close({ graceMs: 0 }))

  const start = (manager?: SseManager, source: SseSource = own.getOrCreate('news')): Promise<string> => {
    const filter = ({ data }: SseEvent): boolean => {
      if (data === 'bad') throw new Error('not today')
      return true
    }
    return serve({ manager, source, filter })
  }

  describe('sse() without a manager', () => {
    const sources: readonly (readonly [whose: string, source: (channel: SseChannel) => SseSource])[] = [
      ["a channel's", (channel) => channel],
      ["a listen()'s", (channel) => channel.listen()],
      ["a merge()'s", (channel) => merge(['first'], merge(channel, new SseChannel('of nobody')))],
    ]
    test.each(sources)(
      "counts %s streams with the channel's own manager, whose limits and close() apply",
      async (_whose, source) => {
        const url = await start(undefined, source(own.getOrCreate('news')))
        const first = await readEvents(url)
        await first.take(1)
        expect(own.stats().connections).toBe(1)
        expect(sseManager.stats().connections).toBe(0)
        const second = await readEvents(url)
        expect(await second.end()).toBe('complete')
        expect(second.events).toEqual([])
        expect(own.stats().closed).toEqual({ limit: 1 })
        await own.close({ event: 'bye', retryMs: 77 })
        expect(await first.end()).toBe('complete')
        expect(first.events.at(-1)?.data).toBe('bye')
        expect(first.retries.at(-1)).toBe(77)
      },
    )

    test("reports errors to onError of the channel's manager", async () => {
      const reader = await readEvents(await start())
      await reader.take(1)
      await own.getOrCreate('news').broadcast('bad')
      await reader.end()
      expect(errors).toEqual([new Error('not today')])
    })
  })

  test('sse() with a manager uses that one instead', async () => {
    const given = new SseManager()
    const url = await start(given)
    const readers = await Promise.all([readEvents(url), readEvents(url)])
    for (const reader of readers) await reader.take(1)
    expect([given.stats().connections, own.stats().connections]).toEqual([2, 0])
    await given.close({ event: 'bye' })
    for (const reader of readers) {
      await reader.end()
      expect(reader.events.at(-1)?.data).toBe('bye')
    }
  })
}
