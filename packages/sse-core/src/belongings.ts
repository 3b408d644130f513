import type { AsyncResource } from 'node:async_hooks'

/** What some streams have and most do not: made when the first of it is needed, given up with the stream. */
export interface Belongings {
  /** The async context of the request, for the user's callbacks. */
  scope?: AsyncResource
  controller?: AbortController
  /** Who wants to know that the stream is over. */
  readonly cancels: Set<() => void>
  forgetSignal?: () => void
  ageTimer?: NodeJS.Timeout
  /** Waits for the reader to have everything, to end the stream then. */
  onCaughtUp?: (() => void) | undefined
}
