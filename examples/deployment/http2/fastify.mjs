import { readFileSync } from 'node:fs'
import sse, { sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify({
  http2: true,
  https: { key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), allowHTTP1: true },
  return503OnClosing: false,
})
await app.register(sse)
const news = sseManager.getOrCreate('news')
app.get('/events', (_request, reply) => reply.sse(news))
app.get('/send', () => news.broadcast('Hello, world!'))
await app.listen({ port: 3000 })
