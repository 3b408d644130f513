import type { Order } from '../snapshot.js'

/** Keeps a list of orders, and shows it after each change. */
export function watchOrders(render: (orders: readonly Order[]) => void): EventSource {
  // #region watch
  let orders = new Map<number, Order>()
  const source = new EventSource('/orders')

  source.addEventListener('snapshot', ({ data }) => {
    const all: Order[] = JSON.parse(data)
    orders = new Map(all.map((order) => [order.id, order]))
    render([...orders.values()])
  })

  source.addEventListener('order', ({ data }) => {
    const order: Order = JSON.parse(data)
    const known = orders.get(order.id)
    // The snapshot may contain this change, or one that came after it.
    if (known !== undefined && known.version >= order.version) return
    orders.set(order.id, order)
    render([...orders.values()])
  })
  // #endregion watch
  return source
}
