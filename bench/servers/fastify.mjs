// A bare Fastify handler, which takes the response away from the framework.
import Fastify from 'fastify'
import { BareStreams } from './bare.mjs'
import { serve } from './stand.mjs'

const streams = new BareStreams()
const app = Fastify()
app.get('/', (_request, reply) => {
  reply.hijack()
  return streams.add(reply.raw)
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

await serve(app.server, streams)
