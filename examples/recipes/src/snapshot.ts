import Router from '@koa/router'
import { SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

interface Order {
  readonly id: number
  readonly status: string
}

const manager = new SseManager()
const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())

/** A stand-in for a table, whose query takes as long as `loading` says. */
const table = { rows: new Map<number, Order>(), loading: Promise.resolve(), loads: 0 }

async function loadOrders(): Promise<Order[]> {
  table.loads += 1
  const rows = [...table.rows.values()]
  await table.loading
  return rows
}

// #region snapshot
const orders = manager.getOrCreate<{ order: Order }>('orders')

async function save(order: Order): Promise<void> {
  table.rows.set(order.id, order)
  await orders.broadcast({ event: 'order', data: order })
}

router.get('/orders', (ctx) =>
  ctx.sse(async (connection) => {
    // First the position in the log, then the state: what is broadcast while it loads is sent after the snapshot.
    const live = orders.listen()
    // A client that reconnects has the state, and gets what it missed.
    if (connection.lastEventId === '') {
      await connection.send({ event: 'snapshot', data: await loadOrders() })
    }
    return live
  }),
)

// #endregion snapshot

export { app, orders, save, table }
