import { EventEmitter, on } from 'node:events'
import { SseManager, SseStream, sse } from '@ssekit/express-sse'
import express, { type Express } from 'express'

const errors: unknown[] = []
const manager = new SseManager({ onError: (error) => errors.push(error) })
const app: Express = express()
app.use(sse({ manager }))

/** A stand-in for a database listener, a queue's consumer, a file watcher. */
const orders = new EventEmitter()

/** A stand-in for `os.loadavg()`. */
const load = { now: 0.5 }

// #region channel
const channel = manager.getOrCreate('orders')
orders.on('change', (order) => void channel.broadcast({ event: 'order', data: order }))

app.get('/orders', (_req, res) => res.sse(channel))
// #endregion channel

// #region timer
app.get('/load', (_req, res) => {
  const stream = new SseStream()
  const timer = setInterval(() => stream.addEvent('load', load.now), 1_000)
  return res.sse(stream, { onClose: () => clearInterval(timer) })
})
// #endregion timer

// #region emitter
app.get('/orders/:id', (req, res) =>
  res.sse(async function* ({ signal }) {
    // `on()` yields the arguments of each `emit()` as an array.
    for await (const [order] of on(orders, 'change', { signal })) {
      if (String(order.id) === req.params.id) yield { event: 'order', data: order }
    }
  }),
)

// #endregion emitter

export { app, channel, errors, load, manager, orders }
