// #region from-observable
import type { MessageEvent } from '@nestjs/common'
import type { SourceFunction } from '@ssekit/express-sse'
import { fromEvent, type Observable, takeUntil } from 'rxjs'

/** Streams what a handler with `@Sse()` would return. When the client disconnects, the subscription ends. */
export function fromObservable(observable: Observable<MessageEvent>): SourceFunction {
  return (connection) =>
    new Promise<void>((resolve, reject) => {
      const subscription = observable.pipe(takeUntil(fromEvent(connection.signal, 'abort'))).subscribe({
        next: ({ type, ...event }) => {
          connection.send({ event: type, ...event }).catch(reject)
        },
        error: reject,
        complete: resolve,
      })
      // Sends the response headers before the first event, unless there is an error to answer.
      if (!subscription.closed) connection.open()
    })
}
// #endregion from-observable
