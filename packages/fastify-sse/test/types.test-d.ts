// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.
import sseDefault, {
  type CloseReason,
  injectChannel,
  type SseChannel,
  SseManager,
  sse,
  sseManager,
} from '@ssekit/fastify-sse'
import fastify from 'fastify'

const app = fastify()
const shop = sseManager.getOrCreate<{ order: number }>('shop')

app.register(sse)
app.register(sseDefault, { manager: new SseManager(), close: { graceMs: 5, event: 'bye' } })

app.get('/channel', async (_request, reply) => {
  const reason: CloseReason = await reply.sse(shop)
  return reason
})
app.get('/function', (_request, reply) =>
  reply.sse((connection) => connection.send('x'), { heartbeatMs: 0, rewind: 3 }),
)
app.get('/room', { preHandler: injectChannel('room', { history: { maxEvents: 3 } }) }, (request, reply) => {
  const channel: SseChannel = request.sseChannel
  return reply.sse(channel)
})
app.get('/rooms/:room', { preHandler: injectChannel((request) => request.url) }, (request, reply) =>
  reply.sse(request.sseChannel),
)
app.after(() => {
  const manager: SseManager = app.sseManager
  void manager
})

app.get('/wrong', (_request, reply) => {
  // @ts-expect-error a string is no source
  void reply.sse('text')
  // @ts-expect-error nor nothing
  void reply.sse()
  // @ts-expect-error an unknown option
  void reply.sse(shop, { heartbeat: 5 })
  // @ts-expect-error what the adapter sets itself
  return reply.sse(shop, { onHead: () => {} })
})
// @ts-expect-error an unknown option
app.register(sse, { managr: sseManager })
// @ts-expect-error a channel has a name
injectChannel()
// @ts-expect-error a name is a string
injectChannel(() => 7)
