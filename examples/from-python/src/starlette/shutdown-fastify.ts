import { SseChannel, SseManager, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const manager = new SseManager()
const channel = new SseChannel('news')

// #region fastify
const app = Fastify()
await app.register(sse, {
  manager,
  // What `app.close()` does with the streams of this instance: others may share the manager.
  close: { event: { event: 'bye', data: 'restarting' }, retryMs: [1_000, 5_000], graceMs: 5_000 },
})

process.once('SIGTERM', () => void app.close())
// #endregion fastify

app.get('/events', (_request, reply) => reply.sse(channel))

export { app, channel }
