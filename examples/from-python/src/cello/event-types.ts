import { SseChannel, SseStream, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region types
app.get('/notifications', (_request, reply) => {
  const stream = new SseStream()
  stream.addEvent('auth', 'User logged in')
  stream.addEvent('order', 'New order #1234')
  stream.addEvent('alert', 'Server CPU at 85%')
  stream.addEvent('message', 'General update')
  return reply.sse(stream)
})
// #endregion types

// #region typed
interface Notifications {
  readonly auth: { readonly user: string }
  readonly order: { readonly number: number }
}

// A channel may declare its events: another type, or other data, does not compile.
const notifications = new SseChannel<Notifications & Record<'alert', string>>('notifications')

async function announce(): Promise<void> {
  await notifications.broadcast({ event: 'auth', data: { user: 'ada' } })
  await notifications.broadcast({ event: 'order', data: { number: 1234 } })
  await notifications.broadcast({ event: 'alert', data: 'Server CPU at 85%' })
}
// #endregion typed

app.get('/typed', (_request, reply) => reply.sse(notifications))

export { announce, app, notifications }
