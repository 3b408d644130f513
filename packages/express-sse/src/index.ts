import {
  type CloseReason,
  channelFor,
  type InjectChannelOptions,
  managerOf,
  respond,
  type SseChannel,
  type SseManager,
  type SseOptions,
  type SseSource,
  sseManager,
} from '@ssekit/sse-core'
import type { NextFunction, Request, RequestHandler, Response } from 'express'

export * from '@ssekit/sse-core'

declare global {
  namespace Express {
    interface Response {
      /**
       * Streams a source as the response: a channel, an iterable, a stream, or a function that writes.
       *
       * Resolves with the reason once the stream is over. An error of the source goes to `next`, and the promise
       * resolves with `'error'`, since Express 4 ignores promises that reject. One error goes to `onError` instead:
       * that the response had already begun.
       */
      sse(source: SseSource, options?: SseOptions): Promise<CloseReason>
    }
    interface Request {
      /** The channel that `injectChannel()` chose for this request; undefined without it. */
      sseChannel: SseChannel
    }
  }
}

export interface ExpressSseOptions {
  /**
   * The manager whose limits hold and whose `close()` ends the streams.
   * @defaultValue the channel's own, else `sseManager`
   */
  readonly manager?: SseManager | undefined
}

/** Registered, because `require` and `import` may load two copies of this file, one for `sse()` and one for `injectChannel()`. */
const MANAGER: unique symbol = Symbol.for('@ssekit/express-sse.manager')

/** A `res.sse`, with the manager that was given to its `sse()`. */
type ManagedMethod = Response['sse'] & { [MANAGER]?: SseManager | undefined }

/** What `sse()` returns. A name of our own, so that a library can export it with its types emitted. */
export interface SseMiddleware extends RequestHandler {}

/**
 * Middleware that gives every response a `res.sse()`.
 *
 * ```ts
 * import express from 'express'
 * import { sse, sseManager } from '@ssekit/express-sse'
 *
 * const app = express()
 * app.use(sse())
 * app.get('/events', (req, res) => res.sse(sseManager.getOrCreate('news')))
 * ```
 */
export function sse({ manager }: ExpressSseOptions = {}): SseMiddleware {
  // One function for all responses: a closure for each would stay in memory as long as its stream.
  const method: ManagedMethod = function (this: Response, source, options) {
    const owner = manager ?? managerOf(source) ?? sseManager
    // Where no router has set `next`, as under connect, the error can only reject the promise.
    const onFailure = this.req.next === undefined ? undefined : tellNext
    return respond(this.req, this, source, { ...options, manager: owner, onFailure })
  }
  method[MANAGER] = manager
  return (_req, res, next) => {
    res.sse = method
    next()
  }
}

/** Calls the innermost router's `next`, so that its error handlers come first: Express 4 ignores rejected promises. */
function tellNext(error: unknown, req: Request): void {
  req.next?.(error)
}

/**
 * Middleware for any route. As a generic function it leaves the types of the route's parameters, query and body to
 * Express. A `RequestHandler` would impose its own types on the handlers after it.
 */
export type ChannelInjector = <P, ResBody, ReqBody, ReqQuery, Locals extends Record<string, unknown>>(
  req: Request<P, ResBody, ReqBody, ReqQuery, Locals>,
  res: Response<ResBody, Locals>,
  next: NextFunction,
) => void

/**
 * Middleware that puts a channel into `req.sseChannel`, by its name or the name that a function finds in the request.
 *
 * What the function throws, and what `getOrCreate` throws (a `TypeError` if there is no name), goes to `next`.
 *
 * @typeParam P the parameters of the path, which the function finds in `req.params`; the other types are those of
 * Express' `Request`
 */
export function injectChannel<
  P = Record<string, string>,
  // biome-ignore lint/suspicious/noExplicitAny: the defaults of Express
  ResBody = any,
  // biome-ignore lint/suspicious/noExplicitAny: the defaults of Express
  ReqBody = any,
  ReqQuery = Request['query'],
  // biome-ignore lint/suspicious/noExplicitAny: the defaults of Express
  Locals extends Record<string, any> = Record<string, any>,
>(
  name: string | ((req: Request<P, ResBody, ReqBody, ReqQuery, Locals>) => string | undefined),
  options?: InjectChannelOptions,
): ChannelInjector {
  return (req, res, next) => {
    // The types of Express do not know which parameters the path has.
    const request = req as unknown as Request<P, ResBody, ReqBody, ReqQuery, Locals>
    request.sseChannel = channelFor(
      request,
      name,
      (res.sse as ManagedMethod | undefined)?.[MANAGER] ?? sseManager,
      options,
    )
    next()
  }
}
