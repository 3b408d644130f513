// @fastify/sse has no channels, so the application collects the replies that are kept alive.
import sse from '@fastify/sse'
import Fastify from 'fastify'
import { options, serve } from './stand.mjs'

const replies = new Set()
const app = Fastify()
const { heartbeatMs } = options
await app.register(sse, heartbeatMs === undefined ? {} : { heartbeatInterval: heartbeatMs })
/** @type {object} */
const route = { sse: 'only' }
app.get('/', route, async (/** @type {unknown} */ _request, /** @type {any} */ reply) => {
  reply.sse.keepAlive()
  reply.sse.sendHeaders()
  // @fastify/sse would hold the headers back until the first event or heartbeat.
  reply.raw.flushHeaders()
  replies.add(reply)
  reply.sse.onClose(() => replies.delete(reply))
})
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

await serve(app.server, {
  publish(data) {
    for (const reply of replies) reply.sse.send({ data })
  },
})
