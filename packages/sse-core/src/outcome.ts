import { isWatched } from './departure.js'
import type { CloseReason } from './ending.js'
import type { SseResponse } from './exchange.js'
import { answerFailure } from './head.js'
import type { SseManager } from './manager.js'
import type { ObservedPromise } from './observed.js'
import type { FailureListener } from './options.js'
import { warn } from './report.js'

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
  if (onFailure === undefined) {
    outcome.fail(error, () => {
      if (!isTold) (manager?.report ?? warn)(error)
      if (!isWatched(res)) answerFailure(res)
    })
  } else {
    outcome.fulfil('error')
    // After this call, whatever it is in, as the promise would.
    queueMicrotask(() => onFailure(error, res.req))
  }
}
