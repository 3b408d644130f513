import { respond } from '@ssekit/sse-core'
import type { StartServer } from '@ssekit/sse-testkit'
import { createServer, listening, type Transport } from './listening.js'

/** `respond()` on Node's own servers, with the error handling that a careful user writes around it. */
export function bare(transport: Transport): StartServer {
  return async (routes, { manager }) => {
    const reported: unknown[] = []
    const server = createServer(transport, async (req, res) => {
      try {
        await routes[(req.url ?? '').split('?', 1)[0] ?? '']?.({
          req,
          res,
          sse: (source, options) => respond(req, res, source, { ...options, manager }),
          setHeader: (name, value) => res.setHeader(name, typeof value === 'string' ? value : [...value]),
          injectedChannel: undefined,
        })
      } catch (error) {
        reported.push(error)
        if (res.headersSent) return
        res.statusCode = (error as { statusCode?: number }).statusCode ?? 500
        res.end('sorry')
      }
    })
    return listening(server, transport, reported)
  }
}
