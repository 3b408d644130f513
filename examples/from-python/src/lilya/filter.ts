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

function isOrder(data: unknown): data is Order {
  return typeof data === 'object' && data !== null && 'customer' in data
}

router.get('/orders', (ctx) => {
  // Who asks is what the server knows of them: into an address anybody can write another's name.
  const customer = sessions.get(ctx.cookies.get('session') ?? '')
  // An EventSource gives up for good on it.
  if (customer === undefined) return ctx.throw(401)
  // One channel for all, and nobody gets what is not theirs: replayed events pass the same filter.
  return ctx.sse(orders, { filter: ({ data }) => isOrder(data) && data.customer === customer })
})

// #endregion filter

export { app, orders }
