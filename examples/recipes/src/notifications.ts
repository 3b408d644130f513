import cookie from '@fastify/cookie'
import sse, { type SseConnection, SseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { sessions } from './sessions.js'

// #region notifications
interface Login {
  readonly session: string
}

// Six tabs for each user. A seventh is told to retry later, until there is room.
const manager = new SseManager({ maxConnectionsPerKey: 6 })

const app = Fastify({ return503OnClosing: false })
await app.register(cookie)
await app.register(sse, { manager })

app.get('/notifications', (request, reply) => {
  const { session = '' } = request.cookies
  const user = sessions.get(session)
  if (user === undefined) return reply.code(401).send({ error: 'log in first' })
  const context: Login = { session }
  return reply.sse(manager.getOrCreate(`user:${user}`), { key: user, context })
})

/** Reaches all tabs of a user, and those that are reconnecting. */
function notify(user: string, text: string): Promise<string> {
  return manager.getOrCreate(`user:${user}`).broadcast({ event: 'notification', data: { text } })
}

function logOut(session: string): number {
  sessions.delete(session)
  // Open streams do not end by themselves. Once they are disconnected, their EventSources reconnect and get the 401.
  return manager.disconnect(({ context }: SseConnection<Login | undefined>) => context?.session === session)
}

// #endregion notifications

export { app, logOut, manager, notify }
