import { injectChannel, sse } from '@ssekit/koa-sse'
import type { SseRequest, SseResponse } from '@ssekit/sse-core'
import type { StartServer } from '@ssekit/sse-testkit'
import type Koa from 'koa'
import { createServer, listening, type Transport } from './listening.js'

/** A Koa application; its `error` event is its channel for errors. */
export function koa(createApp: () => Koa, transport: Transport): StartServer {
  return async (routes, { manager, injectChannel: injected }) => {
    const reported: unknown[] = []
    const app = createApp()
    app.on('error', (error) => reported.push(error))
    app.use(sse({ manager }))
    if (injected !== undefined) {
      const { name, ...options } = injected
      app.use(injectChannel(typeof name === 'string' ? name : (ctx) => name(ctx.path), options))
    }
    app.use((ctx) =>
      routes[ctx.path]?.({
        req: ctx.req,
        res: ctx.res,
        sse: (source, options) => ctx.sse(source, options),
        setHeader: (name, value) => ctx.set(name, typeof value === 'string' ? value : [...value]),
        injectedChannel: ctx.sseChannel,
      }),
    )
    const handler = app.callback() as unknown as (req: SseRequest, res: SseResponse) => unknown
    return listening(createServer(transport, handler), transport, reported)
  }
}
