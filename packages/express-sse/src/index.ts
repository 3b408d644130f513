import type { IncomingMessage } from 'node:http'
import {
  type ChannelOptions,
  type CloseReason,
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
       * Streams a source as the answer: a channel, an iterable, a stream, or a function that writes.
       *
       * Resolves with the reason once the stream is over. An error of the source goes to `next`, and the promise resolves
       * with `'error'`, since Express 4 ignores promises that reject.
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
  /** Whose limits hold, and whose `close()` ends the streams. @defaultValue the channel's own, else `sseManager` */
  readonly manager?: SseManager | undefined
}

export interface InjectChannelOptions extends ChannelOptions {
  /** Where to look for the channel. @defaultValue the manager of the `sse()` before it */
  readonly manager?: SseManager | undefined
}

const managers = new WeakMap<IncomingMessage, SseManager>()

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
export function sse({ manager }: ExpressSseOptions = {}): RequestHandler {
  return (req, res, next) => {
    if (manager !== undefined) managers.set(req, manager)
    res.sse = (source, options) => {
      const owner = manager ?? managerOf(source) ?? sseManager
      return stream(req, res, req.next ?? next, source, { manager: owner, ...options })
    }
    next()
  }
}

/**
 * Middleware that puts the channel of a name, or of the name that a function finds in the request, into `req.sseChannel`.
 *
 * What the function throws, and what `getOrCreate` throws (a `TypeError` where there is no name), goes to `next`.
 */
export function injectChannel(
  name: string | ((req: Request<Record<string, string>>) => string | undefined),
  { manager, ...options }: InjectChannelOptions = {},
): RequestHandler {
  return (req, _res, next) => {
    const owner = manager ?? managers.get(req) ?? sseManager
    // The types of Express do not know which parameters the path has.
    const channelName = typeof name === 'function' ? name(req as Request<Record<string, string>>) : name
    req.sseChannel = owner.getOrCreate(channelName ?? '', Object.keys(options).length > 0 ? options : undefined)
    next()
  }
}

async function stream(
  req: Request,
  res: Response,
  next: NextFunction,
  source: SseSource,
  options: SseOptions & { readonly manager: SseManager },
): Promise<CloseReason> {
  try {
    return await respond(req, res, source, options)
  } catch (error) {
    // The innermost router's own `next`, so that its error handlers come first.
    next(error)
    return 'error'
  }
}
