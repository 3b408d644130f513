import type { IncomingMessage, ServerResponse } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { type CloseReason, createResponse, type SseOptions, type SseSource } from '@ssekit/sse-core'
import type { Route, StartServer } from '@ssekit/sse-testkit'
import { listening } from './listening.js'

/** Node's request and response, which Hono's server passes on besides. */
interface Bindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

type Headers = Record<string, string | readonly string[]>

/** `createResponse()` on Hono's server, whose handler gets a `Request` and returns a `Response`. */
export const fetchApi: StartServer = async (routes, { manager }) => {
  const reported: unknown[] = []
  const server = createAdaptorServer({
    fetch: async (request: Request, bindings: unknown) => {
      const route = routes[new URL(request.url).pathname]
      if (route === undefined) return new Response(null, { status: 404 })
      const create = (source: SseSource, options: SseOptions, headers: Headers) =>
        createResponse(request, source, { ...options, headers: { ...headers, ...options.headers }, manager })
      try {
        return await answer(route, bindings as Bindings, create)
      } catch (error) {
        reported.push(error)
        return new Response('sorry', { status: (error as { statusCode?: number }).statusCode ?? 500 })
      }
    },
    overrideGlobalObjects: false,
  })
  return listening(server as Parameters<typeof listening>[0], 'http', reported)
}

/** Calls a route, which calls `sse()`, and resolves with the response that `sse()` has created. */
function answer(
  route: Route,
  { incoming, outgoing }: Bindings,
  create: (source: SseSource, options: SseOptions, headers: Headers) => Promise<Response>,
): Promise<Response> {
  const headers: Headers = {}
  return new Promise((resolve, reject) => {
    const sse = (source: SseSource, options: SseOptions = {}): Promise<CloseReason> =>
      new Promise((end) => {
        const onClose: SseOptions['onClose'] = (reason, stats) => {
          end(reason)
          return options.onClose?.(reason, stats)
        }
        create(source, { ...options, onClose }, headers).then(resolve, (error: unknown) => {
          // A mistake in the arguments is found before there is a stream.
          end('error')
          reject(error)
        })
      })
    const setHeader = (name: string, value: string | readonly string[]): void => {
      headers[name] = value
    }
    Promise.resolve(route({ req: incoming, res: outgoing, sse, setHeader, injectedChannel: undefined })).catch(reject)
  })
}
