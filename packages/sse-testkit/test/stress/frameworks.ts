import { createServer, type IncomingMessage, type Server } from 'node:http'
import { respond, type SseManager, type SseOptions, type SseSource } from '@ssekit/sse-core'

export interface Answer extends SseOptions {
  readonly source: SseSource
}

type Serve = (manager: SseManager, answerTo: (req: IncomingMessage) => Answer) => Promise<Server>

const bare: Serve = async (manager, answerTo) =>
  createServer((req, res) => {
    const { source, ...options } = answerTo(req)
    void respond(req, res, source, { manager, ...options })
  })

const expressApp: Serve = async (manager, answerTo) => {
  const { default: express } = await import('express')
  const { sse } = await import('@ssekit/express-sse')
  const app = express()
  app.use(sse({ manager }))
  app.use((req, res) => {
    const { source, ...options } = answerTo(req)
    return res.sse(source, options)
  })
  return createServer(app)
}

const fastifyApp: Serve = async (manager, answerTo) => {
  const { default: Fastify } = await import('fastify')
  const { sse } = await import('@ssekit/fastify-sse')
  const app = Fastify()
  await app.register(sse, { manager })
  app.get('/*', (request, reply) => {
    const { source, ...options } = answerTo(request.raw)
    return reply.sse(source, options)
  })
  await app.ready()
  return app.server
}

const koaApp: Serve = async (manager, answerTo) => {
  const { default: Koa } = await import('koa')
  const { sse } = await import('@ssekit/koa-sse')
  const app = new Koa()
  app.on('error', () => {})
  app.use(sse({ manager }))
  app.use(async (ctx) => {
    const { source, ...options } = answerTo(ctx.req)
    await ctx.sse(source, options)
  })
  return createServer(app.callback())
}

/** Servers that answer each request as told, and record nothing. Each loads only its own framework. */
export const frameworks = {
  'node:http': bare,
  Express: expressApp,
  Fastify: fastifyApp,
  Koa: koaApp,
} satisfies Readonly<Record<string, Serve>>

export type Framework = keyof typeof frameworks
