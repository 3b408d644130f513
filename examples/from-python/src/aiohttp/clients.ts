import { SseChannel, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region clients
// The set of clients, with a method that writes to all of them.
const channel = new SseChannel('clients')

app.get('/events', (_request, reply) => reply.sse(channel))

async function broadcast(message: string): Promise<void> {
  await channel.broadcast({ data: message })
}

// #endregion clients

export { app, broadcast, channel }
