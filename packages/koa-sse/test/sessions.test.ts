import { expect, test } from '@jest/globals'
import { SseManager, sse } from '@ssekit/koa-sse'
import { readEvents } from '@ssekit/sse-testkit'
import Koa, { type Context, type Middleware } from 'koa'
import { listen } from '../../sse-testkit/test/network/listen.js'

/** A session like those of koa-session: in a cookie that is set after the handler, or by `manuallyCommit()`. */
function session({ autoCommit }: { readonly autoCommit: boolean }): Middleware {
  return async (ctx, next) => {
    const values: Record<string, unknown> = {}
    const manuallyCommit = async (): Promise<void> => {
      ctx.cookies.set('session', Buffer.from(JSON.stringify(values)).toString('base64url'))
    }
    ctx.session = Object.defineProperty(values, 'manuallyCommit', { value: manuallyCommit })
    await next()
    if (autoCommit && Object.keys(values).length > 0) await manuallyCommit()
  }
}

async function open(
  ...middleware: readonly Middleware[]
): Promise<{ cookies: string[]; data: string[]; errors: unknown[] }> {
  const errors: unknown[] = []
  const app = new Koa()
  app.on('error', (error) => errors.push(error))
  for (const each of middleware) app.use(each)
  const reader = await readEvents(await listen(app.callback()))
  await reader.end()
  await new Promise(setImmediate)
  return { cookies: reader.headers.getSetCookie(), data: reader.events.map(({ data }) => data), errors }
}

const commitLate: Middleware = async (ctx, next) => {
  await next()
  if (!ctx.headerSent) await ctx.session.manuallyCommit()
}
const seen = 'session=eyJzZWVuIjoxfQ; path=/; httponly'

test('a session committed before the stream is in its response headers, and causes no error', async () => {
  const manager = new SseManager()
  const answer = async (ctx: Context): Promise<void> => {
    ctx.session.seen = 1
    await ctx.session.manuallyCommit()
    await ctx.sse(['one'])
  }
  expect(await open(session({ autoCommit: false }), commitLate, sse({ manager }), answer)).toEqual({
    cookies: [seen],
    data: ['one'],
    errors: [],
  })
  // Other routes have their session committed as usual.
  const plain = (ctx: Context): void => {
    ctx.session.seen = 1
    ctx.body = 'text'
  }
  expect(await open(session({ autoCommit: false }), commitLate, sse({ manager }), plain)).toMatchObject({
    cookies: [seen],
  })
})

test('a session committed after the stream is not sent, and causes an error event on the application', async () => {
  const answer = async (ctx: Context): Promise<void> => {
    ctx.session.seen = 1
    await ctx.sse(['one'])
  }
  const { cookies, data, errors } = await open(
    session({ autoCommit: true }),
    sse({ manager: new SseManager() }),
    answer,
  )
  expect([cookies, data]).toEqual([[], ['one']])
  expect(errors).toMatchObject([{ code: 'ERR_HTTP_HEADERS_SENT' }])
})
