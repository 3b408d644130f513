import { type SseEvent, SseStream, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

const generateEvents = (): SseStream => new SseStream()

// #region ping
function customPing(): SseEvent {
  return { comment: 'Custom ping message' }
}

app.get('/events', (_request, reply) =>
  reply.sse(generateEvents(), {
    heartbeatMs: 10_000, // after ten idle seconds
    heartbeat: customPing,
  }),
)

// #endregion ping

export { app }
