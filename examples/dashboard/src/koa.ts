import { text } from 'node:stream/consumers'
import Router from '@koa/router'
import { injectChannel, sse } from '@ssekit/koa-sse'
import Koa from 'koa'
import { keyOf, manager, message, news, notify } from './channels.js'

const router = new Router()

router.get('/news', (ctx) => ctx.sse(news(), { key: keyOf(ctx.url) }))

router.post('/notifications', async (ctx) => {
  await notify(await text(ctx.req), 'koa')
  ctx.status = 204
})

const room = injectChannel((ctx) => `room:${ctx.params.room}`)

router.get('/rooms/:room', room, (ctx) => ctx.sse(ctx.sseChannel, { rewind: 20, key: keyOf(ctx.url) }))

router.post('/rooms/:room', room, async (ctx) => {
  await ctx.sseChannel.broadcast({ event: 'message', data: message(await text(ctx.req), 'koa') })
  ctx.status = 204
})

export const app: Koa = new Koa()
app.use(sse({ manager }))
// The page comes from the Express server, which to a browser is another origin.
app.use((ctx, next) => {
  ctx.set('Access-Control-Allow-Origin', '*')
  return next()
})
app.use(router.routes())
