import type { CloseReason } from './close-reason.js'
import { SseError } from './errors.js'
import { answerFailure } from './head.js'
import type { SseResponse } from './http.js'
import type { SseManager } from './manager.js'
import type { ObservedPromise } from './observed.js'
import type { FailureListener } from './options.js'
import { warn } from './report.js'
import { isWatched } from './response-close.js'

/**
 * Who hears of an error: whoever the adapter names, else whoever waits for the promise, else nobody but `onError`.
 *
 * @param isTold whether `onError` has heard of it already
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
  // A framework that is told of an error answers it, or destroys what cannot be answered.
  if (isOthers(error, res)) report()
  // After this call, whatever it is in, as the promise would.
  else queueMicrotask(() => onFailure(error, res.req))
}

/** Whether an error says that somebody else answers, and they do: it may also be what a source has tried elsewhere. */
function isOthers(error: unknown, res: SseResponse): boolean {
  const hasBegun = error instanceof SseError && error.code === 'ERR_SSE_HEADERS_SENT'
  return hasBegun && (res.headersSent || isWatched(res))
}
