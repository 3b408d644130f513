import { injectChannel, sse } from '@ssekit/express-sse'
import type { SseRequest, SseResponse } from '@ssekit/sse-core'
import type { StartServer } from '@ssekit/sse-testkit'
import type { Application, ErrorRequestHandler, Request, Response } from 'express'
import { createServer, listening } from './listening.js'

/** An Express application; error middleware is its channel for errors. */
export function express(createApp: () => Application): StartServer {
  return async (routes, { manager, injectChannel: injected }) => {
    const reported: unknown[] = []
    const app = createApp()
    app.use(sse({ manager }))
    if (injected !== undefined) {
      const { name, ...options } = injected
      app.use(injectChannel(typeof name === 'string' ? name : (req) => name(req.path), options))
    }
    for (const [path, route] of Object.entries(routes)) {
      app.all(path, (req: Request, res: Response) =>
        route({
          req,
          res,
          sse: (source, options) => res.sse(source, options),
          setHeader: (name, value) => res.append(name, typeof value === 'string' ? value : [...value]),
          injectedChannel: req.sseChannel,
        }),
      )
    }
    const onError: ErrorRequestHandler = (error, _req, _res, next) => {
      reported.push(error)
      next(error)
    }
    app.use(onError)
    const handler = app as unknown as (req: SseRequest, res: SseResponse) => unknown
    return listening(createServer('http', handler), 'http', reported)
  }
}
