import sse, { injectChannel } from '@ssekit/fastify-sse'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { keyOf, manager, message, news, notify } from './channels.js'
import { findJob, startJob } from './job.js'

export const app: FastifyInstance = Fastify({ return503OnClosing: false })
await app.register(sse, { manager })

// The page comes from the Express server, which is another origin for a browser.
app.addHook('onRequest', async (_request, reply) => {
  reply.header('Access-Control-Allow-Origin', '*')
})

app.get('/news', (request, reply) => reply.sse(news(), { key: keyOf(request.url) }))

app.post('/notifications', async (request, reply) => {
  await notify(request.body, 'fastify')
  return reply.code(204).send()
})

const room = injectChannel((request: FastifyRequest) => `room:${(request.params as { room: string }).room}`)

app.get('/rooms/:room', { preHandler: room }, (request, reply) =>
  reply.sse(request.sseChannel, { rewind: 20, key: keyOf(request.url) }),
)

app.post('/rooms/:room', { preHandler: room }, async (request, reply) => {
  await request.sseChannel.broadcast({ event: 'message', data: message(request.body, 'fastify') })
  return reply.code(204).send()
})

app.post('/jobs', async (_request, reply) => reply.code(202).send({ id: startJob() }))

// A client without a last event id, as after a reload, gets the latest step at once.
app.get<{ Params: { id: string } }>('/jobs/:id', (request, reply) =>
  reply.sse(findJob(request.params.id), { rewind: 1, key: keyOf(request.url) }),
)
