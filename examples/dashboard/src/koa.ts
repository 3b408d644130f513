import Router from '@koa/router'
import { injectChannel, sse } from '@ssekit/koa-sse'
import Koa, { type Context } from 'koa'
import { keyOf, manager, message, news, notify } from './channels.js'

/** The largest body, in bytes; Express and Fastify have limits of their own. */
const MAX_BODY_BYTES = 100 * 1024

const router = new Router()

router.get('/news', (ctx) => ctx.sse(news(), { key: keyOf(ctx.url) }))

router.post('/notifications', async (ctx) => {
  await notify(await bodyOf(ctx), 'koa')
  ctx.status = 204
})

const room = injectChannel((ctx) => `room:${ctx.params.room}`)

router.get('/rooms/:room', room, (ctx) => ctx.sse(ctx.sseChannel, { rewind: 20, key: keyOf(ctx.url) }))

router.post('/rooms/:room', room, async (ctx) => {
  await ctx.sseChannel.broadcast({ event: 'message', data: message(await bodyOf(ctx), 'koa') })
  ctx.status = 204
})

export const app: Koa = new Koa()
app.use(sse({ manager }))
// The page comes from the Express server, which is another origin for a browser.
app.use((ctx, next) => {
  ctx.set('Access-Control-Allow-Origin', '*')
  return next()
})
app.use(router.routes())

async function bodyOf(ctx: Context): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Not destroyed, so that a client that sends too much gets an answer. The connection ends after that, with the rest of it.
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) ctx.throw(413, 'a message is shorter', { headers: { Connection: 'close' } })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
