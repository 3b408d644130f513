// fastify-sse-v2 has no channels, so the application collects the replies. It has no heartbeats.
import Fastify from 'fastify'
import { FastifySSEPlugin } from 'fastify-sse-v2'
import { serve } from './stand.mjs'

const replies = new Set()
const app = Fastify()
await app.register(FastifySSEPlugin)
app.get('/', (request, /** @type {any} */ reply) => {
  reply.sse({ event: 'hello', data: 'hello' })
  replies.add(reply)
  request.raw.socket.on('close', () => replies.delete(reply))
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

await serve(app.server, {
  publish(data) {
    for (const reply of replies) reply.sse({ data })
  },
})
