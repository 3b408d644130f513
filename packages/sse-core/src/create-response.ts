import { onAbort } from './abort.js'
import { FetchRequest, FetchResponse } from './fetch-exchange.js'
import type { SseRequest, SseResponse } from './http.js'
import type { RespondOptions, SseOptions } from './options.js'
import { warn } from './report.js'
import { respond } from './respond.js'
import type { SseSource } from './source.js'
import { managerOf } from './stream-config-of.js'

/** The options of `createResponse()`: those of a response, and the manager. */
export interface CreateResponseOptions extends SseOptions, Pick<RespondOptions, 'manager'> {}

/**
 * Does what `respond()` does where there are a `Request` and a `Response` of the Fetch API instead of Node's: in Hono,
 * in route handlers of Next.js, under `Bun.serve` or `Deno.serve`.
 *
 * Resolves with the response once its headers would be sent. Return it from the handler: its body is the stream. What
 * the client that is gone, refused, or has nothing to get would receive from `respond()` is a response too. `onClose`
 * tells when and why the stream is over. `connection.req` has only the `method`, the `url` and the `headers`.
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
 * @see https://developer.mozilla.org/docs/Web/API/Fetch_API
 */
export function createResponse(
  request: Request,
  source: SseSource,
  options: CreateResponseOptions = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const req = new FetchRequest(request)
    const res = new FetchResponse(req, resolve)
    const leave = (): void => res.abandon()
    res.on('close', onAbort(request.signal, leave))
    if (request.signal.aborted) leave()
    // They have all that the core uses of Node's.
    respond(req as unknown as SseRequest, res as unknown as SseResponse, source, options).catch((error: unknown) => {
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
