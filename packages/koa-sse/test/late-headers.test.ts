import { expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/koa-sse'
import { readEvents } from '@ssekit/sse-testkit'
import Koa3, { type Context } from 'koa'
import Koa2 from 'koa2'
import { listen } from '../../sse-testkit/test/network/listen.js'

const setters: readonly (readonly [name: string, set: (ctx: Context) => unknown])[] = [
  ['set', (ctx) => ctx.set('X-Late', '1')],
  ['append', (ctx) => ctx.append('X-Late', '1')],
  ['vary', (ctx) => ctx.vary('X-Late')],
  ['status', (ctx) => Object.assign(ctx, { status: 201 })],
  ['type', (ctx) => Object.assign(ctx, { type: 'json' })],
  ['cookies', (ctx) => ctx.cookies.set('late', '1')],
  ['setHeader', (ctx) => ctx.res.setHeader('X-Late', '1')],
]

test.each([
  ['2', Koa2],
  ['3', Koa3],
] as const)(
  'headers that middleware of Koa %s sets after a stream are not sent; cookies and setHeader() throw',
  async (_version, Koa) => {
    const thrown: Record<string, unknown> = {}
    const app: Koa3 = new Koa()
    app.use(async (ctx, next) => {
      await next()
      for (const [name, set] of setters) {
        try {
          set(ctx)
        } catch (error) {
          thrown[name] = (error as { code?: string }).code
        }
      }
    })
    app.use(sse({ manager: new SseManager() }))
    app.use((ctx) => ctx.sse(['one']))
    const { status, headers, ended } = await readEvents(await listen(app.callback()))
    expect(await ended).toBe('complete')
    expect(thrown).toEqual({ cookies: 'ERR_HTTP_HEADERS_SENT', setHeader: 'ERR_HTTP_HEADERS_SENT' })
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    for (const name of ['x-late', 'vary', 'set-cookie']) expect([name, headers.get(name)]).toEqual([name, null])
  },
)
