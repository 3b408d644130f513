import { afterEach, describe, expect, test } from '@jest/globals'
import { type CloseReason, SseManager, type SseSource, sse } from '@ssekit/koa-sse'
import { readEvents } from '@ssekit/sse-testkit'
import Koa3, { type Context, type Middleware } from 'koa'
import Koa2 from 'koa2'
import { listen } from '../../sse-testkit/test/network/listen.js'

let manager: SseManager
let reported: unknown[]
let appErrors: unknown[]

afterEach(() => manager.close({ graceMs: 0 }))

for (const [version, Koa] of [
  ['2', Koa2],
  ['3', Koa3],
] as const) {
  /** Starts an application with this handler, and returns its address. */
  const serve = (handler: (ctx: Context) => unknown, ...before: readonly Middleware[]): Promise<string> => {
    const app: Koa3 = new Koa()
    ;[reported, appErrors] = [[], []]
    manager = new SseManager({ onError: (error) => reported.push(error) })
    app.on('error', (error) => appErrors.push(error))
    for (const middleware of before) app.use(middleware)
    app.use(sse({ manager }))
    app.use(handler)
    return listen(app.callback())
  }

  describe(`a Koa ${version} stream that is neither returned nor awaited`, () => {
    test('is not ended by Koa if its source is a channel', async () => {
      const url = await serve((ctx) => {
        void ctx.sse(manager.getOrCreate('news'), { checkpoints: false })
      })
      const reader = await readEvents(url)
      expect(reader.status).toBe(200)
      await manager.getOrCreate('news').broadcast('news')
      expect(await reader.take(1)).toMatchObject([{ data: 'news' }])
      await manager.close()
      expect(await reader.end()).toBe('complete')
    })

    test('is not ended by Koa if an outer middleware does not wait for next()', async () => {
      const url = await serve(
        (ctx) => ctx.sse(manager.getOrCreate('news'), { checkpoints: false }),
        (_ctx, next) => {
          void next()
        },
      )
      const reader = await readEvents(url)
      expect(reader.status).toBe(200)
      await manager.getOrCreate('news').broadcast('news')
      expect(await reader.take(1)).toMatchObject([{ data: 'news' }])
    })

    const notReady: readonly (readonly [what: string, source: SseSource])[] = [
      ['an iterable', ['news']],
      [
        'a function that waits before it sends',
        async (connection) => {
          await new Promise(setImmediate)
          await connection.send('news')
        },
      ],
    ]
    test.each(notReady)('is not ended by Koa before its source is ready: %s', async (_what, source) => {
      const url = await serve((ctx) => {
        void ctx.sse(source)
      })
      const reader = await readEvents(url)
      expect(await reader.end()).toBe('complete')
      expect([reader.status, reader.events.map(({ data }) => data)]).toEqual([200, ['news']])
      expect([reported, appErrors]).toEqual([[], []])
    })

    test('is not ended by Koa if an async middleware returns before the source is ready', async () => {
      let begin: (() => void) | undefined
      const url = await serve(async (ctx) => {
        void ctx.sse(async (connection) => {
          await new Promise<void>((resolve) => {
            begin = resolve
          })
          await connection.send('news')
        })
        await new Promise(setImmediate)
        setImmediate(() => begin?.())
      })
      const reader = await readEvents(url)
      expect(await reader.end()).toBe('complete')
      expect([reader.status, reader.events.map(({ data }) => data)]).toEqual([200, ['news']])
    })

    const failing: readonly (readonly [when: string, fail: (error: unknown) => SseSource])[] = [
      [
        'at once',
        (error) => () => {
          throw error
        },
      ],
      ['in the same turn', (error) => () => Promise.reject(error)],
      [
        'later',
        (error) => async () => {
          await new Promise(setImmediate)
          throw error
        },
      ],
    ]
    test.each(failing)(
      'is answered with 500 if its source fails %s, and onError gets the error',
      async (_when, fail) => {
        const error = new Error('not today')
        const url = await serve((ctx) => {
          void ctx.sse(fail(error))
        })
        const reader = await readEvents(url)
        await reader.end()
        expect(reader.status).toBe(500)
        expect(reader.text).not.toContain('not today')
        expect([reported, appErrors]).toEqual([[error], []])
      },
    )
  })

  test(`a middleware of Koa ${version} that catches an error of ctx.sse() can answer it itself`, async () => {
    const reasons: CloseReason[] = []
    const url = await serve(async (ctx) => {
      try {
        reasons.push(
          await ctx.sse(() => {
            throw new Error('early')
          }),
        )
      } catch (error) {
        ctx.status = 418
        ctx.body = (error as Error).message
      }
    })
    const reader = await readEvents(url)
    await reader.end()
    expect([reader.status, reader.text]).toEqual([418, 'early'])
    expect([reasons, reported, appErrors]).toEqual([[], [], []])
  })
}
