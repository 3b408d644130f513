import { sse, sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region notify
app.get('/events', (_request, reply) => reply.sse(sseManager.getOrCreate('user_notifications')))

app.get('/notify', async () => {
  const channel = sseManager.getOrCreate('user_notifications')
  await channel.broadcast({ event: 'alert', data: 'You have a new message' })
  return { status: 'notified' }
})

// #endregion notify

export { app }
