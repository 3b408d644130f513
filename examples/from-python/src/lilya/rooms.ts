// #region rooms
import Router from '@koa/router'
import { SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

// Clients choose the names, so their number is bounded.
const manager = new SseManager({ maxChannels: 1_000 })

const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())

router.get('/events/:room', (ctx) => ctx.sse(manager.getOrCreate(`room:${ctx.params.room}`)))

router.post('/events/:room', async (ctx) => {
  await manager.getOrCreate(`room:${ctx.params.room}`).broadcast({ event: 'message', data: ctx.query.text ?? '' })
  ctx.status = 204
})

// #endregion rooms

export { app, manager }
