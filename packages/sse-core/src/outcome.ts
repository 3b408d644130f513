import type { CloseReason } from './close-reason.js'
import { isWatched } from './close-watcher.js'
import { SseError } from './errors.js'
import { answerFailure } from './head.js'
import type { SseResponse } from './http.js'
import type { SseManager } from './manager.js'
import type { ObservedPromise } from './observed.js'
import type { FailureListener } from './options.js'
import { warn } from './report.js'

/** The error with which a stream failed. */
export interface Failure {
  readonly cause: unknown
}

/**
 * Passes an error to the adapter's `onFailure` if there is one, else to the code that handles the promise, else to
 * `onError`.
 *
 * @param isTold whether `onError` has received it already
 */
export function failOutcome(
  outcome: ObservedPromise<CloseReason>,
  error: unknown,
  res: SseResponse,
  {
    manager,
    onFailure,
  }: { readonly manager?: SseManager | undefined; readonly onFailure?: FailureListener | undefined },
  isTold = false,
): void {
  const report = (): void => {
    if (!isTold) (manager?.report ?? warn)(error)
  }
  if (onFailure === undefined) {
    outcome.fail(error, () => {
      report()
      if (!isWatched(res)) answerFailure(res)
    })
    return
  }
  outcome.fulfil('error')
  // Not to the framework, which would answer or destroy a response that other code is writing.
  if (isOthers(error, res)) report()
  // After the current call, like the rejection of a promise.
  else queueMicrotask(() => onFailure(error, res.req))
}

/** Whether other code answers the request. The error alone does not say so: it may come from another response. */
function isOthers(error: unknown, res: SseResponse): boolean {
  const hasBegun = error instanceof SseError && error.code === 'ERR_SSE_HEADERS_SENT'
  return hasBegun && (res.headersSent || isWatched(res))
}
