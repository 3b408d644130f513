import Router from '@koa/router'
import { type SseChannel, SseError, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

// #region rooms
// Clients choose the names, so the number of channels and the length of a name are bounded.
const manager = new SseManager({ maxChannels: 1_000 })

const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())
router.param('room', (name, ctx, next) => (name.length > 64 ? ctx.throw(404, 'no such room') : next()))

/** A room's channel; undefined if there are too many. The prefix keeps clients away from channels that are not rooms. */
function roomOf(name: string | undefined): SseChannel | undefined {
  try {
    return manager.getOrCreate(`room:${name}`)
  } catch (error) {
    if (error instanceof SseError && error.code === 'ERR_SSE_LIMIT') return undefined
    throw error
  }
}

// An EventSource never reconnects after a 503, so it is told to reconnect in half a minute.
router.get('/events/:room', (ctx) => ctx.sse(roomOf(ctx.params.room) ?? [{ retry: 30_000 }]))

router.post('/events/:room', async (ctx) => {
  // `get`, not `getOrCreate`: a new room would have no subscribers.
  const room = manager.get(`room:${ctx.params.room}`)
  if (room === undefined) return ctx.throw(404, 'no such room')
  await room.broadcast({ event: 'message', data: ctx.query.text ?? '' })
  ctx.status = 204
})

// #endregion rooms

export { app, manager }
