// #region fastify
import cors from '@fastify/cors'
import sse, { sseManager } from '@ssekit/fastify-sse'
import Fastify from 'fastify'

const app = Fastify({ return503OnClosing: false })
await app.register(cors, { origin: ['https://app.example.com', 'http://localhost:5173'], credentials: true })
await app.register(sse)
app.get('/events', (_request, reply) => reply.sse(sseManager.getOrCreate('news')))
// #endregion fastify

await app.ready()
export const handler = app.routing
