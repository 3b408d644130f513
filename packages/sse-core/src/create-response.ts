import { onAbort } from './abort.js'
import { FetchRequest, FetchResponse } from './fetch-exchange.js'
import type { SseRequest, SseResponse } from './http.js'
import type { RespondOptions, SseOptions } from './options.js'
import { warn } from './report.js'
import { respond } from './respond.js'
import type { SseSource } from './source.js'
import { managerOf } from './stream-config-of.js'
import { isOnlyChannels, release, take } from './streaming.js'

/** The options of `createResponse()`: those of a response, the manager, and whether the server is stopping. */
export interface CreateResponseOptions extends SseOptions, Pick<RespondOptions, 'manager' | 'refusal'> {}

/**
 * Does what `respond()` does where a handler gets a `Request` of the Fetch API and returns a `Response`: in Hono, in
 * route handlers of Next.js, under `Bun.serve` and `Deno.serve`.
 *
 * Resolves with the response when `respond()` would send its headers; its body is the stream. Whatever `respond()` answers
 * instead of a stream (`204`, a refusal) is a response too. If the client has disconnected before that, it is an empty
 * `499`. `onClose` is called when the stream is over. `connection.req` has only `method`, `url` and `headers`.
 *
 * ```ts
 * import { createResponse, sseManager } from '@ssekit/sse-core'
 *
 * const news = sseManager.getOrCreate('news')
 * export const GET = (request: Request) => createResponse(request, news)
 * ```
 *
 * @throws what the source throws before the headers are sent. Afterwards the body ends, and the error goes to `onError`
 * @throws {TypeError | RangeError} an argument is wrong
 * @see https://fetch.spec.whatwg.org/
 */
export function createResponse(
  request: Request,
  source: SseSource,
  options: CreateResponseOptions = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const req = readRequest(request, source, options)
    const res = new FetchResponse(req, resolve)
    const leave = (): void => res.abandon()
    res.once('close', onAbort(request.signal, leave))
    if (request.signal?.aborted) leave()
    // They have what the core uses of Node's when it streams.
    const streaming = respond(
      req as unknown as SseRequest,
      res as unknown as SseResponse,
      source,
      withoutAdapters(options),
    )
    streaming.catch((error: unknown) => {
      if (!res.headersSent) {
        reject(error)
        leave()
        return
      }
      // `onError`, if there is one, has been called.
      const manager = options.manager ?? managerOf(source)
      if (manager?.onError === undefined) warn(error)
    })
  })
}

/** @throws {TypeError} it is not a `Request`; the source is released */
function readRequest(request: Request, source: SseSource, options: CreateResponseOptions): FetchRequest {
  try {
    // Other sources may still read it.
    return new FetchRequest(request, isOnlyChannels(source))
  } catch (error) {
    take(source)
    release(source, options?.manager?.report ?? warn)
    throw error
  }
}

/** Options that only adapters need would keep the promise from being settled. What is no object is left to the checks. */
function withoutAdapters(options: CreateResponseOptions): RespondOptions {
  if (typeof options !== 'object' || options === null) return options
  return { ...options, onHead: undefined, onFailure: undefined }
}
