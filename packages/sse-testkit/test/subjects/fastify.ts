import { injectChannel, sse } from '@ssekit/fastify-sse'
import type { StartServer } from '@ssekit/sse-testkit'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { certificate } from './certificate.js'
import { socketsOf, type Transport, urlOf } from './listening.js'

/** A Fastify instance; its log is its channel for errors. */
export function fastify(transport: Transport): StartServer {
  return async (routes, { manager, injectChannel: injected }) => {
    const reported: unknown[] = []
    const app = createApp(transport, logOf(reported))
    await app.register(sse, { manager })
    if (injected !== undefined) {
      const { name, ...options } = injected
      app.addHook(
        'preHandler',
        injectChannel(typeof name === 'string' ? name : (request) => name(request.url.split('?', 1)[0] ?? ''), options),
      )
    }
    for (const [path, route] of Object.entries(routes)) {
      app.route({
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        url: path,
        handler: (request, reply) =>
          route({
            req: request.raw,
            res: reply.raw,
            sse: (source, options) => reply.sse(source, options),
            setHeader: (name, value) => void reply.header(name, value),
            injectedChannel: request.sseChannel,
          }),
      })
    }
    const sockets = socketsOf(app.server)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return {
      url: urlOf(app.server, transport),
      reported,
      close: () => app.close(),
      async destroy() {
        for (const socket of sockets) socket.destroy()
        await app.close()
      },
    }
  }
}

function createApp(transport: Transport, loggerInstance: FastifyBaseLogger): FastifyInstance {
  if (transport === 'h2c') return Fastify({ loggerInstance, http2: true }) as unknown as FastifyInstance
  if (transport === 'h2') {
    return Fastify({ loggerInstance, http2: true, https: certificate }) as unknown as FastifyInstance
  }
  if (transport === 'https') return Fastify({ loggerInstance, https: certificate }) as unknown as FastifyInstance
  return Fastify({ loggerInstance })
}

function logOf(reported: unknown[]): FastifyBaseLogger {
  const note = (entry: unknown): void => {
    if (typeof entry === 'object' && entry !== null && 'err' in entry) reported.push(entry.err)
  }
  const log = {
    level: 'info',
    fatal: note,
    error: note,
    warn: note,
    info: note,
    debug: () => {},
    trace: () => {},
    silent: () => {},
    child: () => log,
  } satisfies Record<string, unknown> as unknown as FastifyBaseLogger
  return log
}
