// #region rooms
import Router from '@koa/router'
import { type SseChannel, SseError, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

// Clients choose the names, so their number is bounded.
const manager = new SseManager({ maxChannels: 1_000 })

const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())

/** A room's channel; undefined if there are too many. The prefix keeps clients from all channels that are no rooms. */
function roomOf(name: string | undefined): SseChannel | undefined {
  try {
    return manager.getOrCreate(`room:${name}`)
  } catch (error) {
    if (error instanceof SseError && error.code === 'ERR_SSE_LIMIT') return undefined
    throw error
  }
}

// On a 503 an EventSource would give up for good: it is told to ask again in half a minute.
router.get('/events/:room', (ctx) => ctx.sse(roomOf(ctx.params.room) ?? [{ retry: 30_000 }]))

router.post('/events/:room', async (ctx) => {
  // Who speaks makes no room: there would be nobody in it to hear.
  const room = manager.get(`room:${ctx.params.room}`)
  if (room === undefined) return ctx.throw(404, 'nobody is there')
  await room.broadcast({ event: 'message', data: ctx.query.text ?? '' })
  ctx.status = 204
})

// #endregion rooms

export { app, manager }
