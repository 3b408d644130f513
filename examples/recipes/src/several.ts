import cookie from '@fastify/cookie'
import sse, { merge, SseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { sessions } from './sessions.js'

const manager = new SseManager()
const app = Fastify({ return503OnClosing: false })
await app.register(cookie)
await app.register(sse, { manager })

// #region several
app.get('/events', (request, reply) => {
  const user = sessions.get(request.cookies.session ?? '')
  if (user === undefined) return reply.code(401).send({ error: 'log in first' })
  // In the same order each time: the client's one id holds its position in each of them.
  return reply.sse(merge(manager.getOrCreate('announcements'), manager.getOrCreate(`user:${user}`)))
})

// #endregion several

export { app, manager }
