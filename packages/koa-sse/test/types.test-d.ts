// Compiled, never run: every line under `@ts-expect-error` is a mistake that must not compile.

import Router, { type RouterContext } from '@koa/router'
import {
  type ChannelInjector,
  type CloseReason,
  injectChannel,
  merge,
  type SseChannel,
  SseManager,
  type SseMiddleware,
  sse,
  sseManager,
} from '@ssekit/koa-sse'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
const shop = sseManager.getOrCreate<{ order: number }>('shop')

app.use(sse())
app.use(sse({ manager: new SseManager() }))
app.use((ctx) => ctx.sse((connection) => connection.send('x'), { heartbeatMs: 0, rewind: 3 }))
app.use(async (ctx) => {
  const reason: CloseReason = await ctx.sse(shop)
  const merged: CloseReason = await ctx.sse(merge(shop, shop.listen()))
  void [reason, merged]
})
app.use(injectChannel('room', { history: { maxEvents: 3 }, manager: sseManager }))
app.use(injectChannel((ctx) => ctx.path))
app.use((ctx) => {
  const channel: SseChannel = ctx.sseChannel
  return ctx.sse(channel)
})
router.get('/rooms/:room', (ctx) => ctx.sse(ctx.sseChannel))
// The name may come from wherever the types of the context say.
router.get(
  '/typed/:room',
  injectChannel((ctx: RouterContext<{ user: string }>) => `${ctx.state.user}:${ctx.params.room}`),
)
app.use(injectChannel((ctx: Koa.ParameterizedContext<{ user: string }>) => ctx.state.user))
const middleware: SseMiddleware = sse()
const injector: ChannelInjector = injectChannel('room')
app.use(middleware).use(injector)

app.use((ctx) => {
  // @ts-expect-error a string is not a source
  void ctx.sse('text')
  // @ts-expect-error a source is required
  void ctx.sse()
  // @ts-expect-error an unknown option
  void ctx.sse(shop, { heartbeat: 5 })
  // @ts-expect-error not an option; the manager is that of sse()
  void ctx.sse(shop, { manager: sseManager })
  // @ts-expect-error set by the adapter itself
  return ctx.sse(shop, { onHead: () => {} })
})
// @ts-expect-error a manager is not an options object
app.use(sse(sseManager))
// @ts-expect-error a channel has a name
app.use(injectChannel())
// @ts-expect-error a name is a string
app.use(injectChannel(() => 7))
