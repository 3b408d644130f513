import Router from '@koa/router'
import { type SseEvent, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

// #region generator
async function* ticks(): AsyncGenerator<SseEvent> {
  for (let i = 0; i < 3; i++) yield { event: 'tick', data: i }
}

router.get('/ticks', (ctx) => ctx.sse(ticks()))
// #endregion generator

// #region sync-generator
function* syncTicks(): Generator<SseEvent> {
  for (let i = 0; i < 3; i++) yield { event: 'tick', data: i }
}

router.get('/sync-ticks', (ctx) => ctx.sse(syncTicks()))
// #endregion sync-generator

// #region fields
async function* everyField(): AsyncGenerator<unknown> {
  yield { event: 'user', id: '7', retry: 5_000, data: { name: 'Zoë', tags: ['a', 'b'] } }
  yield { comment: 'clients do not see this' }
  // Everything but a plain object is data: text as it is, all else as JSON.
  yield 'plain text'
  yield ['a', 'list']
}

router.get('/fields', (ctx) => ctx.sse(everyField(), { retryMs: 10_000 }))

// #endregion fields

export { app }
