import Router from '@koa/router'
import { type SourceFunction, type SseChannel, type SseEvent, SseManager, sse } from '@ssekit/koa-sse'
import Koa from 'koa'

// #region with-snapshot
/** Streams what `load` returns as a `snapshot` event, then the channel's events; a new snapshot replaces each gap. */
function withSnapshot(channel: SseChannel, load: () => unknown): SourceFunction {
  return async function* ({ lastEventId, signal }) {
    // No event has an id with a space. So a new client begins with a gap too, as soon as the log is ready.
    let next: AsyncIterable<SseEvent> | undefined = channel.listen({ lastEventId: lastEventId || 'no id', signal })
    while (next !== undefined) {
      const events = next
      next = undefined
      for await (const event of events) {
        if (event.event !== 'sse-gap') yield event
        else {
          // First the position in the log, then the state: what is broadcast while it loads comes after it.
          next = channel.listen({ signal })
          yield { event: 'snapshot', id: channel.lastEventId, data: await load() }
          break
        }
      }
    }
  }
}
// #endregion with-snapshot

export interface Order {
  readonly id: number
  readonly status: string
  /** Counts the changes of this order. */
  readonly version: number
}

export interface Database {
  /** Increments the version of the order, in the same transaction. */
  save(order: Omit<Order, 'version'>): Promise<Order>
  all(): Promise<Order[]>
}

/** A server of which several may run, with one backplane and one database. */
export function serveOrders(manager: SseManager, database: Database) {
  const app = new Koa()
  const router = new Router()
  app.use(sse({ manager })).use(router.routes())

  // #region orders
  const orders = manager.getOrCreate<{ order: Order }>('orders')

  router.get('/orders', (ctx) => ctx.sse(withSnapshot(orders, () => database.all())))

  async function save(order: Omit<Order, 'version'>): Promise<void> {
    await orders.broadcast({ event: 'order', data: await database.save(order) })
  }
  // #endregion orders

  return { app, orders, save }
}

const manager = new SseManager()
const app = new Koa()
const router = new Router()
app.use(sse({ manager })).use(router.routes())

// #region tally
const votes = manager.getOrCreate<{ vote: string }>('votes')
const tally: Record<string, number> = {}

// A copy, since there may be more votes before it is sent.
router.get('/votes', (ctx) => ctx.sse(withSnapshot(votes, () => ({ ...tally }))))

function vote(name: string): Promise<string> {
  tally[name] = (tally[name] ?? 0) + 1
  return votes.broadcast({ event: 'vote', data: name })
}

// #endregion tally

export { app, vote, votes }
