import sse, { sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify({ return503OnClosing: false })
await app.register(sse)
const news = sseManager.getOrCreate('news')
app.get('/events', (_request, reply) => reply.sse(news))
app.get('/send', () => news.broadcast({ event: 'notice', data: 'Hello, world!' }))
await app.listen({ port: 3000 })
