import Router from '@koa/router'
import { SseChannel, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(sse()).use(router.routes())

// #region filter
interface Order {
  readonly customer: string
  readonly total: number
}

const orders = new SseChannel<{ order: Order }>('orders')

function isOrder(data: unknown): data is Order {
  return typeof data === 'object' && data !== null && 'customer' in data
}

router.get('/orders/:customer', (ctx) => {
  const { customer } = ctx.params
  // One channel for all, and nobody gets what is not theirs: replayed events pass the same filter.
  return ctx.sse(orders, { filter: ({ data }) => isOrder(data) && data.customer === customer })
})

// #endregion filter

export { app, orders }
