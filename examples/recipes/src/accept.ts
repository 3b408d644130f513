import { sse } from '@ssekit/express-sse'
import fastifySse, { type SseEvent } from '@ssekit/fastify-sse'
import express, { type Express } from 'express'
import Fastify from 'fastify'

const rows = [{ n: 1 }, { n: 2 }]

function* events(): Generator<SseEvent> {
  for (const row of rows) yield { event: 'row', data: row }
  yield { event: 'done', data: '' }
}

const app: Express = express()
app.use(sse())
const fastify = Fastify({ return503OnClosing: false })
await fastify.register(fastifySse)

// #region express
app.get('/report', (_req, res) =>
  res.format({
    json: () => res.json(rows),
    'text/event-stream': () => res.sse(events()),
  }),
)
// #endregion express

// #region fastify
fastify.get('/report', (request, reply) => {
  reply.header('Vary', 'Accept')
  const wantsStream = request.headers.accept?.includes('text/event-stream')
  return wantsStream ? reply.sse(events()) : rows
})

// #endregion fastify

export { app, fastify }
