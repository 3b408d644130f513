import Router from '@koa/router'
import { SseChannel, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

const sessions = new Map([
  ['s1', 'ada'],
  ['s2', 'bob'],
])

// #region filter
interface Order {
  readonly customer: string
  readonly total: number
}

const orders = new SseChannel<{ order: Order }>('orders')

router.get('/orders', (ctx) => {
  // The customer comes from the session, not from the URL, in which a client could write another's name.
  const customer = sessions.get(ctx.cookies.get('session') ?? '')
  // After this status an EventSource gives up for good.
  if (customer === undefined) return ctx.throw(401)
  // One channel for all, and each customer gets only their own orders: replayed events pass the same filter.
  return ctx.sse(orders.listen({ filter: ({ event, data }) => event === 'order' && data.customer === customer }))
})

// #endregion filter

export { app, orders }
