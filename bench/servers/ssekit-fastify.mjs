import sse from '@ssekit/fastify-sse'
import Fastify from 'fastify'
import { channel, close, manager, publish } from './ssekit.mjs'
import { serve } from './stand.mjs'

const app = Fastify()
await app.register(sse, { manager, close })
app.get('/', (_request, reply) => reply.sse(channel))
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

await serve(app.server, { publish, shutDown: () => app.close() })
