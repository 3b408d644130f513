import { SseManager, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const tokens = new Set(['secret'])
const verifyToken = (token: string | undefined): token is string => token !== undefined && tokens.has(token)

const manager = new SseManager()
const app = Fastify()
await app.register(sse, { manager })

// #region auth
app.get<{ Querystring: { token?: string } }>('/events', (request, reply) => {
  const { token } = request.query
  // Before the stream begins, any status is possible. After this one an EventSource gives up for good.
  if (!verifyToken(token)) return reply.code(401).send({ error: 'Unauthorized' })
  return reply.sse(manager.getOrCreate('events'), { context: { token } })
})

function revoke(token: string): number {
  tokens.delete(token)
  // Streams that are already open do not end by themselves.
  return manager.disconnect(({ context }) => (context as { token?: string } | undefined)?.token === token)
}

// #endregion auth

export { app, manager, revoke }
