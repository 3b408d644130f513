// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.
import sseDefault, {
  type CloseReason,
  injectChannel,
  merge,
  type SseChannel,
  SseManager,
  sse,
  sseManager,
} from '@ssekit/fastify-sse'
import fastify, { type FastifyRequest, type preHandlerAsyncHookHandler } from 'fastify'

const app = fastify()
const shop = sseManager.getOrCreate<{ order: number }>('shop')

app.register(sse)
app.register(sseDefault, { manager: new SseManager(), close: { graceMs: 5, event: 'bye' } })

app.get('/channel', async (_request, reply) => {
  const reason: CloseReason = await reply.sse(shop)
  const merged: CloseReason = await reply.sse(merge(shop, shop.listen()))
  return [reason, merged]
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
// The following handler has the types of its route.
app.get<{ Params: { room: string }; Querystring: { page: number } }>(
  '/rooms/:room/pages',
  { preHandler: injectChannel((request) => request.params.room) },
  (request, reply) => {
    const [room, page]: [string, number] = [request.params.room, request.query.page]
    // @ts-expect-error no such parameter
    void request.params.rom
    return reply.header('x-page', `${room} ${page}`).sse(request.sseChannel)
  },
)
app.get<{ Params: { id: number } }>(
  '/ids/:id',
  { preHandler: [injectChannel<{ id: number }>(({ params }) => params.id.toFixed())] },
  (request, reply) => reply.sse(request.sseChannel),
)
app.addHook('preHandler', injectChannel('room'))
const kept: preHandlerAsyncHookHandler = injectChannel('room')
void kept
// HTTP/2 has other requests and replies, with and without TLS.
const plain2 = fastify({ http2: true })
const secure2 = fastify({ http2: true, https: {} })
plain2.register(sse)
secure2.register(sse, { manager: new SseManager() })
plain2.addHook('preHandler', injectChannel('room'))
plain2.get('/room', { preHandler: injectChannel('room') }, (request, reply) => reply.sse(request.sseChannel))
secure2.get<{ Params: { room: string } }>(
  '/rooms/:room',
  { preHandler: injectChannel((request) => request.params.room) },
  (request, reply) => reply.sse(request.sseChannel),
)
// The name may come from wherever the types of the route say.
interface Tagged {
  readonly Params: { readonly room: string }
  readonly Querystring: { readonly tag: string }
}
app.get<Tagged>(
  '/tagged/:room',
  { preHandler: injectChannel((request: FastifyRequest<Tagged>) => `${request.params.room}:${request.query.tag}`) },
  (request, reply) => reply.sse(request.sseChannel),
)
// A route with a `Reply` type declares what its handler returns, so its handler awaits the stream.
app.get<{ Reply: { 200: string } }>('/awaited', async (_request, reply) => {
  await reply.sse(shop)
})
// @ts-expect-error the close reason is not the declared reply
app.get<{ Reply: { ok: boolean } }>('/returned', (_request, reply) => reply.sse(shop))
app.after(() => {
  const manager: SseManager = app.sseManager
  void manager
})

app.get('/wrong', (_request, reply) => {
  // @ts-expect-error a string is not a source
  void reply.sse('text')
  // @ts-expect-error a source is required
  void reply.sse()
  // @ts-expect-error an unknown option
  void reply.sse(shop, { heartbeat: 5 })
  // @ts-expect-error not an option; the manager is that of sse()
  void reply.sse(shop, { manager: sseManager })
  // @ts-expect-error set by the adapter itself
  return reply.sse(shop, { onHead: () => {} })
})
// @ts-expect-error an unknown option
app.register(sse, { managr: sseManager })
// @ts-expect-error a channel has a name
injectChannel()
// @ts-expect-error a name is a string
injectChannel(() => 7)
