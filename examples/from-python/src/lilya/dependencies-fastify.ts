import { injectChannel, sse } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify()
await app.register(sse)

// #region fastify
app.get('/stream', { preHandler: injectChannel('chat') }, (request, reply) => reply.sse(request.sseChannel))

// #endregion fastify

export { app }
